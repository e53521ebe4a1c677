"""The whole project over two intervals: what is built bit by bit equals what is built at once."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from local.sources import database
from local.sources.bank import Bank
from local.sources.times import Interval
from tests.dbt_project.conftest import Make
from tests.dbt_project.project import Project, Rows
from tests.dbt_project.raw_world import RawWorld, files_of

# Five builds of everything.
pytestmark = [pytest.mark.airflow, pytest.mark.long]

BANK = Bank(seed=7)
FIRST, SECOND = Interval.of_day(date(2026, 3, 1)), Interval.of_day(date(2026, 3, 2))
# Days lie between the loads: more than what is looked back at.
LOADED = [datetime(2026, 3, 2, 1, tzinfo=UTC) + timedelta(days=5) * number for number in range(3)]
# An alert is never made anew.
RECORDS = ("FCT_AML_ALERTS",)
HELD_BACK = 7


class Story:
    """What was there after each step, and what dbt said."""

    def __init__(self, world: RawWorld, project: Project) -> None:
        self.world, self.project = world, project
        self.failures: dict[str, dict[str, str]] = {}
        self.contents: dict[str, dict[str, Rows]] = {}

    def build(self, step: str, *options: str) -> None:
        self.failures[step] = self.project.failures("build", *options)
        self.contents[step] = self.project.contents()


@pytest.fixture(scope="module")
def story(make: Make) -> Story:
    world, project = make("intervals", BANK, FIRST)
    story = Story(world, project)
    world.load_interval(FIRST, LOADED[0], first=True)
    hold_back(world)
    # Unit tests of incremental models ask the warehouse what their tables look like.
    story.build("first", "--exclude", "resource_type:unit_test")
    story.build("first again", "--exclude", "resource_type:test")

    with psycopg.connect(world.postgres) as connection:
        database.append(connection, BANK, SECOND)
    world.load_interval(SECOND, LOADED[1])
    give_late(world)
    correct(world)
    story.build("second")
    full = replace(project, shaping={"FINEDGE_SCHEMA_PREFIX": "FULL"})
    story.failures["full"] = full.failures("run")
    story.contents["full"] = {
        name: project.rows(f"FULL_{name}")
        for name in project.tables()
        if name.split(".")[1] not in (*RECORDS, "CUSTOMER_HISTORY", "ACCOUNT_STATUS_HISTORY")
    }

    world.load_tables(SECOND.start, SECOND.end, LOADED[2])
    world.load_files(files_of(BANK, SECOND), LOADED[2])
    story.build("delivered again", "--exclude", "resource_type:test")
    return story


LATE_PRICE = "symbol = 'XOM' AND date = CAST('2025-06-02' AS DATE)"
_PURCHASES = (
    "SELECT transaction_id FROM RAW_CORE.TRANSACTIONS"
    f" WHERE kind = 'card_purchase' ORDER BY 1 LIMIT {HELD_BACK}"
)
_ENTRY = "SELECT min(entry_id) FROM RAW_LEDGER.JOURNAL_ENTRIES WHERE source = 'deposit'"
LATE = {
    "RAW_CORE.TRANSACTIONS": ("transaction_id", _PURCHASES),
    "RAW_LEDGER.JOURNAL_LINES": ("entry_id", _ENTRY),
    "RAW_LEDGER.JOURNAL_ENTRIES": ("entry_id", _ENTRY),
}
"""Rows of the first day that are loaded with the second: by a column, and the query for its values."""
_FIRST_DAY = "booked_on = CAST('2026-03-01' AS DATE)"
MOVED = {
    "RAW_CORE.TRANSACTIONS": "transaction_id = (SELECT min(transaction_id) FROM RAW_CORE.TRANSACTIONS"
    f" WHERE kind = 'fee' AND {_FIRST_DAY} AND CAST(occurred_at AS DATE) = booked_on)",
    "RAW_LEDGER.JOURNAL_ENTRIES": "entry_id = (SELECT min(entry_id) FROM RAW_LEDGER.JOURNAL_ENTRIES"
    f" WHERE source = 'fee' AND {_FIRST_DAY})",
}
"""A row each that is booked on the second day after all."""


def hold_back(world: RawWorld) -> None:
    for table, (column, query) in LATE.items():
        world.execute(f"CREATE TABLE {table}_LATE AS SELECT * FROM {table} WHERE {column} IN ({query})")
    for table, (column, _) in LATE.items():
        world.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {table}_LATE)")
    # The next load brings all prices again, and this one for the first time.
    world.execute(f"DELETE FROM RAW_MARKET.STOCK_PRICES WHERE {LATE_PRICE}")


def give_late(world: RawWorld) -> None:
    for table in LATE:
        world.execute(f"UPDATE {table}_LATE SET _INGESTED_AT = {moment(LOADED[1])}")
        world.execute(f"INSERT INTO {table} SELECT * FROM {table}_LATE")


def moment(at: datetime) -> str:
    return f"CAST('{at.replace(tzinfo=None)}' AS TIMESTAMP)"


def correct(world: RawWorld) -> None:
    """Change what was told long ago: a price, a merchant's name, an amount of the settlement, a day."""
    at = moment(LOADED[1])
    world.execute(
        f"UPDATE RAW_MARKET.STOCK_PRICES SET close_price = close_price * 1.1, _INGESTED_AT = {at}"
        " WHERE symbol = 'IBM' AND date = CAST('2026-01-14' AS DATE)"
    )
    world.execute(
        f"UPDATE RAW_CORE.MERCHANTS SET name = 'Renamed', _INGESTED_AT = {at} WHERE merchant_id = 1"
    )
    world.execute(
        f"UPDATE RAW_FILES.CARD_SETTLEMENT SET amount = amount + 1, _INGESTED_AT = {at}"
        " WHERE authorization_id = (SELECT min(authorization_id) FROM RAW_FILES.CARD_SETTLEMENT)"
    )
    for table, fee in MOVED.items():
        world.execute(
            f"UPDATE {table} SET booked_on = CAST('2026-03-02' AS DATE), _INGESTED_AT = {at} WHERE {fee}"
        )


@pytest.mark.parametrize("step", ["first", "first again", "second", "full", "delivered again"])
def test_everything_is_built_and_every_test_passes(story: Story, step: str) -> None:
    assert story.failures[step] == {}


def test_building_again_changes_nothing(story: Story) -> None:
    assert story.contents["first again"] == story.contents["first"]


def test_what_is_built_bit_by_bit_equals_what_is_built_at_once(story: Story) -> None:
    at_once = story.contents["full"]
    bit_by_bit = {name: story.contents["second"][name] for name in at_once}
    assert len(at_once) > 25
    for name, rows in at_once.items():
        assert bit_by_bit[name] == rows, name


def test_a_day_that_is_delivered_again_changes_nothing(story: Story) -> None:
    assert story.contents["delivered again"] == story.contents["second"]


def test_what_came_late_is_there(story: Story) -> None:
    def ids(step: str) -> set[Any]:
        columns = story.project.ask(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'MARTS'"
            " AND table_name = 'FCT_TRANSACTIONS' ORDER BY column_name"
        )
        kept = [name for (name,) in columns if name != "LOADED_AT"]
        return {row[kept.index("TRANSACTION_ID")] for row in story.contents[step]["MARTS.FCT_TRANSACTIONS"]}

    rows = story.world.execute("SELECT transaction_id FROM RAW_CORE.TRANSACTIONS_LATE")
    late = {number for (number,) in rows}
    assert len(late) == HELD_BACK
    assert not late & ids("first")
    assert late <= ids("second")
    named = story.project.ask(
        "SELECT DISTINCT merchant_name FROM MARTS.FCT_TRANSACTIONS WHERE merchant_id = 1"
    )
    assert named == [("Renamed",)]


def test_averages_are_those_of_the_prices(story: Story) -> None:
    prices = story.project.ask(
        "SELECT symbol, date, close_price FROM RAW_MARKET.STOCK_PRICES ORDER BY symbol, date"
    )
    told = {
        row[0]: row[1:]
        for row in story.project.ask(
            "SELECT symbol_date, sma_5, sma_20, volatility_21 FROM MARTS.MART_DAILY_STOCK_PERFORMANCE"
        )
    }
    assert len(told) == len(prices)
    for number, (symbol, day, _) in enumerate(prices):
        closes = [float(price) for name, _, price in prices[: number + 1] if name == symbol]
        returns = [round(one / before - 1, 6) for before, one in pairwise(closes)]
        sma_5, sma_20, volatility = told[f"{symbol}_{day}"]
        assert float(sma_5) == pytest.approx(statistics.fmean(closes[-5:]), abs=1e-4)
        assert float(sma_20) == pytest.approx(statistics.fmean(closes[-20:]), abs=1e-4)
        if len(returns) < 2:
            assert volatility is None
        else:
            assert float(volatility) == pytest.approx(statistics.stdev(returns[-21:]), abs=1e-6)


def test_history_tells_who_changed_and_when(story: Story) -> None:
    versions = story.project.ask(
        "SELECT customer_id, count(*), count(dbt_valid_to) FROM MARTS.CUSTOMER_HISTORY GROUP BY 1"
    )
    assert all(count - ended == 1 for _, count, ended in versions)
    assert any(ended for _, _, ended in versions)
    assert len(versions) == story.project.ask("SELECT count(*) FROM MARTS.DIM_CUSTOMER")[0][0]


def test_an_alert_is_raised_once(story: Story) -> None:
    before = {row for row in story.contents["first"]["MARTS.FCT_AML_ALERTS"]}
    assert before
    assert before <= set(story.contents["second"]["MARTS.FCT_AML_ALERTS"])


def test_what_is_missing_is_a_break_until_it_comes(story: Story) -> None:
    before = story.contents["first"]["MARTS.FCT_RECONCILIATION_BREAKS"]
    assert [row for row in before if "settlement_of_purchases" in row and "unexpected" in row] == before
    assert len(before) == HELD_BACK
    found = story.project.ask(
        "SELECT comparison, count(*), sum(abs(difference)) FROM MARTS.FCT_RECONCILIATION_BREAKS"
        " GROUP BY 1 ORDER BY 1"
    )
    assert [(name, count, float(amount)) for name, count, amount in found] == [
        ("ledger_of_settlement", 1, 1.0),
        ("settlement_of_purchases", 1, 1.0),
        ("statement_of_settlement", 1, 1.0),
    ]
