"""The stock pipeline's steps, from the API to RAW_MARKET, and what of them may be run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from lib.lake import Lake
from lib.market.client import Malformed, MarketClient, Pace
from lib.market.interval import trading_interval
from lib.market.pipeline import SYMBOLS, extract, load, transform
from lib.market.shape import company_row, date_rows, price_rows
from lib.market.tables import DIM_DATE, STOCK_PRICES, TABLES, read_csv, write_csv
from lib.warehouse.batch import Batch
from lib.warehouse.schemas import prepare

from local.sources.bank import Bank
from local.sources.faults.market import MARKET_FAULTS
from local.sources.market_api import Market
from local.warehouse import Warehouse
from tests.dags.lake import keys, lake
from tests.dags.warehouse_world import Database

MONDAY = date(2026, 5, 4)


def run(**parts: Any) -> dict[str, Any]:
    """A task's context."""
    given = {"conf": {}, "consumed_asset_events": [], "logical_date": None, "run_after": None, **parts}
    return {"dag_run": SimpleNamespace(**given)}


def day(number: int) -> Batch:
    return Batch(
        "stock_pipeline_dag",
        datetime(2026, 5, number, tzinfo=UTC),
        datetime(2026, 5, number + 1, tzinfo=UTC),
    )


def market(number: int) -> Market:
    """As it answers in the evening of a day in May."""
    return Market(Bank(), lambda: datetime(2026, 5, number, 23, tzinfo=UTC))


def client(of: Market) -> MarketClient:
    """Whoever asks so often needs a key per call."""
    calls = iter(range(1_000_000))
    return MarketClient(
        lambda query: json.dumps(of.answer({**query, "apikey": str(next(calls))})), Pace(pause=0)
    )


@pytest.fixture
def bucket() -> Iterator[Lake]:
    with lake() as made:
        yield made


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse)
    prepare(made.connection, TABLES)
    with closing(made.connection):
        yield made


@pytest.fixture
def database(prepared: Database) -> Database:
    """Empty."""
    with prepared.connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table.full_name}")
    return prepared


def whole(database: Database, bucket: Lake, number: int, of: Market | None = None) -> dict[str, int]:
    """All steps of a day's run."""
    batch = day(number)
    files = transform(bucket, batch, extract(client(of or market(number)), bucket, batch))
    return load(database.connection, bucket, batch, files, lambda tables: None)


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: database.ask(
            f"SELECT {', '.join(table.columns)}, _BATCH_ID FROM {table.full_name} ORDER BY 1, 2"
        )
        for table in TABLES
    }


@pytest.mark.parametrize(
    ("due", "first"),
    [
        (datetime(2026, 5, 4, 23, tzinfo=UTC), 4),
        (datetime(2026, 5, 5, 20, 59, tzinfo=UTC), 4),
        (datetime(2026, 5, 5, 21, 0, tzinfo=UTC), 5),
    ],
)
def test_a_run_is_about_the_day_whose_trading_is_over(due: datetime, first: int) -> None:
    for context in (run(logical_date=due), run(run_after=due)):
        interval = trading_interval(context)
        assert (interval.start, interval.end) == (day(first).start, day(first).end)


def test_a_run_may_be_asked_for_other_days() -> None:
    asked = {"start": "2026-05-04T00:00:00+00:00", "end": "2026-05-06T00:00:00+00:00"}
    interval = trading_interval(run(conf={"interval": asked}))
    assert (interval.start, interval.end) == (day(4).start, day(5).end)


def test_a_days_run_loads_all_tables(database: Database, bucket: Lake) -> None:
    counts = whole(database, bucket, 4)
    assert counts["RAW_MARKET.STOCK_PRICES"] == 4 * 100
    assert counts["RAW_MARKET.DIM_METADATA"] == 4
    found = rows(database)
    newest = [row for row in found["STOCK_PRICES"] if row[1] == MONDAY]
    assert [row[0] for row in newest] == sorted(SYMBOLS)
    assert {row[1].weekday() for row in found["STOCK_PRICES"]} == {0, 1, 2, 3, 4}
    assert found["DIM_DATE"][-1][:7] == (MONDAY, 4, 5, 2026, 2, 1, 19)
    assert ("IBM", "International Business Machines", "TECHNOLOGY") in [
        row[:3] for row in found["DIM_METADATA"]
    ]


def test_running_it_again_changes_nothing_and_writes_the_same_files(database: Database, bucket: Lake) -> None:
    whole(database, bucket, 4)
    before = rows(database), {key: bucket.read(key) for key in keys(bucket)}
    whole(database, bucket, 4)
    assert (rows(database), {key: bucket.read(key) for key in keys(bucket)}) == before
    assert len(before[1]) == 2 * 4 + 3


def test_an_old_day_that_is_run_later_knows_nothing_of_later_days(database: Database, bucket: Lake) -> None:
    whole(database, bucket, 4, market(6))
    assert max(row[1] for row in rows(database)["STOCK_PRICES"]) == MONDAY


def test_a_corrected_price_replaces_the_old_one(database: Database, bucket: Lake) -> None:
    wrong = market(4)
    wrong.spoil = lambda fields: fields | {"4. close": "1.0000"}
    whole(database, bucket, 4, wrong)
    whole(database, bucket, 5)
    closes = [row[5] for row in rows(database)["STOCK_PRICES"] if row[1] == MONDAY]
    assert Decimal(1) not in closes
    # And what was right later is not taken back when the earlier day is run again.
    whole(database, bucket, 4, wrong)
    assert [row[5] for row in rows(database)["STOCK_PRICES"] if row[1] == MONDAY] == closes


def test_what_the_check_refuses_is_not_published(database: Database, bucket: Lake) -> None:
    seen: dict[str, str] = {}

    def refuse(tables: Any) -> None:
        seen.update(tables)
        raise ArithmeticError("a rule does not hold")

    batch = day(4)
    files = transform(bucket, batch, extract(client(market(4)), bucket, batch))
    with pytest.raises(ArithmeticError):
        load(database.connection, bucket, batch, files, refuse)
    assert set(seen) == {"raw_market.stock_prices", "raw_market.dim_metadata"}
    assert database.ask(f"SELECT COUNT(*) FROM {seen['raw_market.stock_prices']}") == [(400,)]
    assert all(found == [] for found in rows(database).values())


@pytest.mark.parametrize("fault", MARKET_FAULTS, ids=lambda fault: fault.name)
def test_wrong_values_pass_the_transformation_for_the_rules_to_find(fault: Any) -> None:
    spoiled = market(4)
    fault.plant(spoiled)
    newest = price_rows("IBM", client(spoiled).prices("IBM"), date(2026, 5, 5))[-1]
    usual = price_rows("IBM", client(market(4)).prices("IBM"), date(2026, 5, 5))[-1]
    assert sum(a != b for a, b in zip(newest, usual, strict=True)) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "no JSON object"),
        ({"Meta Data": {"2. Symbol": "XOM"}}, "the document is about 'XOM'"),
        ({"Meta Data": {"2. Symbol": "IBM"}}, "not as agreed"),
        ({"Meta Data": {"2. Symbol": "IBM"}, "Time Series (Daily)": {"2026-05-04": {}}}, "not as agreed"),
    ],
)
def test_a_document_of_another_shape_is_refused(body: Any, message: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(Malformed, match=message):
        price_rows("IBM", text, MONDAY)


@pytest.mark.parametrize("close", ["NaN", "Infinity", "much", None])
def test_what_is_no_amount_is_refused(close: str | None) -> None:
    document = json.loads(client(market(4)).prices("IBM"))
    document["Time Series (Daily)"]["2026-05-04"]["4. close"] = close
    with pytest.raises(Malformed, match="not as agreed"):
        price_rows("IBM", json.dumps(document), date(2026, 5, 5))


def test_a_company_without_a_sector_is_refused() -> None:
    document = json.loads(client(market(4)).company("IBM"))
    del document["Sector"]
    with pytest.raises(Malformed, match="the company lacks Sector"):
        company_row("IBM", json.dumps(document))


def test_dates_are_without_gaps() -> None:
    found = list(date_rows([date(2026, 1, 2), date(2025, 12, 30)]))
    assert [row[0].day for row in found] == [30, 31, 1, 2]
    assert found[0][1:] == (30, 12, 2025, 4, 2, 1)
    assert list(date_rows([])) == []


def test_a_file_gives_back_the_rows_that_were_written() -> None:
    written = [('A, "b"', MONDAY, Decimal("1.5000"), None, Decimal(-1), Decimal(0), Decimal(10**12))]
    assert list(read_csv(STOCK_PRICES, write_csv(STOCK_PRICES, written))) == written


def test_a_file_of_another_table_is_refused() -> None:
    with pytest.raises(ValueError, match="the file's columns are"):
        list(read_csv(STOCK_PRICES, write_csv(DIM_DATE, [])))
