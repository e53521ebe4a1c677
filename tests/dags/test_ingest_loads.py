"""All fifteen ingest pipelines, on the smallest bank: the warehouse ends with what the sources hold."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lib.extract.broken import RuleBroken
from lib.extract.landing import Landing
from lib.factory.model import PgIncremental, S3FileFeed
from lib.intervals import Interval
from lib.loads.handover import Handover
from lib.loads.publishing import Outdated, publish_once
from lib.warehouse.checks import Rejected
from lib.warehouse.publish import Superseded
from lib.warehouse.schemas import prepare
from lib.warehouse.tables import ReplaceAll
from moto import mock_aws
from snowflake.connector.errors import ProgrammingError

from local.postgres import Postgres
from local.sources.bank import Bank
from local.sources.database import seed
from local.sources.feeds import credit_bureau
from local.sources.landing import bucket, deliver
from local.sources.times import Interval as Hours
from local.warehouse import Warehouse
from tests.dags.ingest_world import CONFIGS, Ingesting, tables
from tests.dags.warehouse_world import Database
from tests.sources.parquet_reader import read as read_parquet

BANK, MONDAY = Bank(seed=7), date(2026, 3, 2)
TWO_DAYS = Hours.of_day(MONDAY, 2)
BUCKET = "landing"


def midnight(days: int) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=days)


def intervals(dag_id: str) -> tuple[Interval, Interval]:
    """Two that follow each other; weeks for the weekly feed, else days."""
    ends = (-7, 0, 7) if dag_id == "ingest_s3_credit_bureau" else (0, 1, 2)
    one, two, three = map(midnight, ends)
    return Interval(one, two), Interval(two, three)


@pytest.fixture(scope="module")
def source(postgres: Postgres) -> str:
    """The bank's database after two days."""
    url = f"{postgres.url.rpartition('/')[0]}/ingested"
    seed(url, BANK, TWO_DAYS)
    return url


@pytest.fixture(scope="module")
def landing() -> Iterator[Landing]:
    """A bucket with all feeds of the two days, and two weeks of scores."""
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        client.create_bucket(Bucket=BUCKET)
        put = bucket(client, BUCKET)
        deliver(put, BANK, TWO_DAYS)
        for sunday in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=6)):
            for key, content in credit_bureau.files(BANK, sunday).items():
                put(key, content)
        yield Landing(client, BUCKET)


@pytest.fixture(scope="module")
def connected(warehouse: Warehouse) -> Iterator[Database]:
    database = Database(warehouse)
    with closing(database.connection):
        yield database


@pytest.fixture(scope="module")
def ingesting(source: str, landing: Landing, connected: Database) -> Iterator[Ingesting]:
    prepare(connected.connection, [table for dag_id in CONFIGS for table in tables(dag_id)])
    with pytest.MonkeyPatch.context() as patch:
        # Once is enough, and half of what a load asks the warehouse.
        for name in ("from_postgres", "from_files"):
            patch.setattr(f"lib.loads.{name}.prepare", lambda *_: None)
        yield Ingesting(source, landing, connected)


@pytest.fixture
def world(ingesting: Ingesting) -> Iterator[Ingesting]:
    """The sources, and a warehouse in which all tables are empty."""
    yield ingesting
    ingesting.empty()


def expected(world: Ingesting, dag_id: str, until: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """What the sources hold, read without the pipelines' code."""
    config = CONFIGS[dag_id]
    if isinstance(config, PgIncremental):
        with psycopg.connect(world.source) as connection:
            return {
                name.upper(): [
                    tuple(plain(value) for value in row)
                    for row in connection.execute(
                        f"SELECT {', '.join(table.columns)} FROM {config.source.schema_}.{name} "
                        f"WHERE updated_at < %s ORDER BY {', '.join(table.key)}".encode(),
                        (until,),
                    )
                ]
                for name, table in config.tables.items()
            }
    rows = list(landed(world, config, until))
    made = [
        tuple(typed(column.type, row[name]) for name, column in config.table.columns.items()) for row in rows
    ]
    places = [list(config.table.columns).index(name) for name in config.table.key]
    return {config.table.name: sorted(made, key=lambda row: [row[place] for place in places])}


def landed(world: Ingesting, config: S3FileFeed, until: datetime) -> Iterator[dict[str, Any]]:
    """The rows of a feed's files; of the whole list, the last day's."""
    keys = [key["Key"] for key in world.landing.client.list_objects_v2(Bucket=BUCKET)["Contents"]]
    first, last = f"{config.feed}/dt=", f"{config.feed}/dt={until.date()}"
    keys = [key for key in keys if first < key < last]
    if isinstance(config.raw_table.how, ReplaceAll):
        keys = keys[-1:]
    for key in keys:
        body = world.landing.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        match config.format.kind:
            case "csv":
                for row in csv.DictReader(io.StringIO(body.decode())):
                    if "TRAILER" not in row.values():
                        yield row
            case "json":
                document = json.loads(body)
                name = config.format.rows
                yield from ({**document, **row} for row in document[name])
            case "json_lines":
                yield from map(json.loads, gzip.decompress(body).splitlines())
            case "parquet":
                yield from read_parquet(body)


def plain(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def typed(kind: str, value: Any) -> object:
    if value == "":
        return None
    if kind == "DATE":
        return value if isinstance(value, date) else date.fromisoformat(value)
    if kind == "TIMESTAMP_NTZ":
        return plain(datetime.fromisoformat(value))
    if kind.startswith("NUMBER"):
        return int(value) if kind.endswith(" 0)") else Decimal(value)
    return value


@pytest.mark.parametrize("dag_id", CONFIGS)
def test_two_intervals_equal_the_source_however_they_are_run(world: Ingesting, dag_id: str) -> None:
    one, two = intervals(dag_id)
    assert world.run(dag_id, one) > 0
    assert world.contents(dag_id) == expected(world, dag_id, one.end)
    world.run(dag_id, two)
    wanted = expected(world, dag_id, two.end)
    assert world.contents(dag_id) == wanted
    assert all(wanted.values())
    # Killed between staging and publishing, then both at once.
    world.stage(dag_id, two)
    world.run(dag_id, Interval(one.start, two.end))
    assert world.contents(dag_id) == wanted


@pytest.mark.parametrize("dag_id", ["ingest_pg_cards", "ingest_s3_card_settlement", "ingest_s3_sanctions"])
def test_the_order_of_the_intervals_makes_no_difference(world: Ingesting, dag_id: str) -> None:
    one, two = intervals(dag_id)
    world.run(dag_id, two)
    world.run(dag_id, one)
    assert world.contents(dag_id) == expected(world, dag_id, two.end)


def test_publishing_that_is_cleared_alone_does_nothing_again(world: Ingesting) -> None:
    one, two = intervals("ingest_pg_accounts")
    staged = world.stage("ingest_pg_accounts", one)
    connection = world.database.connection
    assert publish_once(connection, staged) == staged.rows
    world.run("ingest_pg_accounts", two)
    before = world.contents("ingest_pg_accounts"), manifest(world)
    assert publish_once(connection, staged) == staged.rows
    assert (world.contents("ingest_pg_accounts"), manifest(world)) == before
    assert world.database.staging_tables() == []


def test_rows_that_are_older_than_what_was_loaded_since_are_refused(world: Ingesting) -> None:
    one, two = intervals("ingest_s3_ach_returns")
    staged = world.stage("ingest_s3_ach_returns", one)
    world.run("ingest_s3_ach_returns", two)
    world.run("ingest_s3_ach_returns", Interval(one.start, two.end))
    with pytest.raises(Outdated, match="loaded meanwhile by ingest_s3_ach_returns"):
        publish_once(world.database.connection, staged)
    assert world.contents("ingest_s3_ach_returns") == expected(world, "ingest_s3_ach_returns", two.end)


# Kinds of tables: merged, replaced by interval, replaced as a whole.
@pytest.mark.long
@pytest.mark.parametrize("dag_id", ["ingest_pg_accounts", "ingest_s3_card_settlement", "ingest_s3_sanctions"])
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_walk_of_tasks_ends_as_the_source(world: Ingesting, dag_id: str, data: st.DataObject) -> None:
    one, two = intervals(dag_id)
    staged: list[Handover] = []
    for step in data.draw(st.lists(st.sampled_from(["stage", "publish", "run"]), max_size=8)):
        interval = data.draw(st.sampled_from([one, two, Interval(one.start, two.end)]))
        if step == "run":
            world.run(dag_id, interval)
        elif step == "stage":
            staged.append(world.stage(dag_id, interval))
        elif staged:
            # A task that is cleared alone publishes what some earlier try has staged, or refuses.
            with suppress(Rejected, Superseded, ProgrammingError):
                publish_once(world.database.connection, data.draw(st.sampled_from(staged)))
    for interval in (one, two):
        world.run(dag_id, interval)
    assert world.contents(dag_id) == expected(world, dag_id, two.end)
    world.empty()


def manifest(world: Ingesting) -> list[tuple[Any, ...]]:
    return world.database.ask('SELECT "BATCH_ID", "ROW_COUNT" FROM OPS.LOAD_MANIFEST ORDER BY 1')


def changed(world: Ingesting, postgres: Postgres, name: str, *statements: str) -> Ingesting:
    """The same world with a source of its own that is changed."""
    url = f"{world.source.rpartition('/')[0]}/{name}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE ingested STRATEGY file_copy".encode())
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    return replace(world, source=url)


def test_rows_that_come_late_are_read_within_the_look_back(world: Ingesting, postgres: Postgres) -> None:
    dag_id, hour = "ingest_pg_transactions", timedelta(hours=1)
    noon = midnight(1) + 12 * hour
    world.run(dag_id, Interval(noon, noon + hour))
    late = changed(
        world,
        postgres,
        "late_rows",
        "UPDATE core.transactions SET updated_at = '2026-03-02T13:00Z', status = 'posted', amount = 1.23"
        " WHERE transaction_id = (SELECT min(transaction_id) FROM core.transactions"
        " WHERE updated_at < '2026-03-02T12:00Z')",
        "UPDATE core.transactions SET updated_at = '2026-02-20T13:00Z', amount = 4.56"
        " WHERE transaction_id = (SELECT max(transaction_id) FROM core.transactions"
        " WHERE updated_at < '2026-03-02T12:00Z')",
    )
    late.run(dag_id, Interval(noon + hour, noon + 2 * hour))
    found = world.database.ask('SELECT "AMOUNT" FROM RAW_CORE.TRANSACTIONS WHERE "AMOUNT" IN (1.23, 4.56)')
    assert found == [(Decimal("1.23"),)]


def test_rows_of_a_pause_longer_than_the_look_back_are_read(world: Ingesting, postgres: Postgres) -> None:
    dag_id, hour, week = "ingest_pg_transactions", timedelta(hours=1), timedelta(days=7)
    noon = midnight(1) + 12 * hour
    world.run(dag_id, Interval(noon - hour, noon))
    paused = changed(
        world,
        postgres,
        "paused",
        "UPDATE core.transactions SET updated_at = '2026-03-05T13:00Z', amount = 7.89"
        " WHERE transaction_id = (SELECT min(transaction_id) FROM core.transactions)",
    )
    query = 'SELECT COUNT(*) FROM RAW_CORE.TRANSACTIONS WHERE "AMOUNT" = 7.89'
    # What is loaded for a time before says nothing of the pause, nor does what was loaded after it.
    paused.run(dag_id, Interval(noon - 5 * hour, noon - 4 * hour))
    assert world.database.ask(query) == [(0,)]
    paused.run(dag_id, Interval(noon + week, noon + week + hour))
    assert world.database.ask(query) == [(1,)]
    before = paused.stage(dag_id, Interval(noon + week + hour, noon + week + 2 * hour))
    assert before.rows == 0


def test_a_table_that_is_new_is_read_from_its_beginning(world: Ingesting) -> None:
    _, two = intervals("ingest_pg_cards")
    world.run("ingest_pg_cards", two)
    first = world.database.ask('SELECT min("UPDATED_AT") FROM RAW_CORE.CARDS')
    assert first[0][0] < datetime(2026, 3, 1)  # noqa: DTZ001


def broken(world: Ingesting) -> list[tuple[str, str]]:
    """Table and rule of what did not hold."""
    return world.database.ask('SELECT "TABLE_NAME", "RULE" FROM OPS.DQ_RESULT WHERE NOT "PASSED"')


def test_a_column_that_is_gone_is_found_before_anything_is_read(world: Ingesting, postgres: Postgres) -> None:
    renamed = changed(
        world, postgres, "renamed", "ALTER TABLE core.customers RENAME COLUMN phone TO phone_number"
    )
    with pytest.raises(RuleBroken, match="columns_match: the source has no phone"):
        renamed.stage("ingest_pg_customers", intervals("ingest_pg_customers")[0])
    assert broken(world) == [("raw_core.customers", "columns_match")]
    assert world.contents("ingest_pg_customers")["CUSTOMERS"] == []


@pytest.fixture
def put(landing: Landing) -> Iterator[Any]:
    """Puts files that are gone, or what they were, when the test ends."""
    kept: dict[str, bytes | None] = {}

    def write(key: str, content: bytes) -> None:
        there = landing.client.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents")
        kept.setdefault(key, content_of(landing, key) if there else None)
        landing.client.put_object(Bucket=BUCKET, Key=key, Body=content)

    yield write
    for key, content in kept.items():
        if content is None:
            landing.client.delete_object(Bucket=BUCKET, Key=key)
        else:
            landing.client.put_object(Bucket=BUCKET, Key=key, Body=content)


def content_of(landing: Landing, key: str) -> bytes:
    body: bytes = landing.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


VISA = "card_settlement/dt=2026-03-02/visa.csv"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda lines: [*lines[:-1], lines[-1].replace("TRAILER,", "TRAILER,1")], "trailer_count"),
        (lambda lines: [*lines[:-1], f"{lines[-1]}1"], "trailer_total"),
        (lambda lines: lines[:-1], "trailer_count"),
        (lambda lines: [*lines, lines[1]], "trailer_count"),
        (lambda lines: [lines[0].replace("amount", "sum"), *lines[1:]], "columns_match"),
        (lambda lines: [lines[0], f"{lines[1]},", *lines[2:]], "columns_match"),
    ],
)
def test_a_settlement_file_that_is_not_whole_is_refused(
    world: Ingesting, put: Any, change: Any, rule: str
) -> None:
    put(VISA, ("\n".join(change(content_of(world.landing, VISA).decode().splitlines())) + "\n").encode())
    with pytest.raises(RuleBroken, match=f"card_settlement/dt=2026-03-02/visa.csv: {rule}"):
        world.stage("ingest_s3_card_settlement", intervals("ingest_s3_card_settlement")[0])
    assert broken(world) == [("raw_files.card_settlement", rule)]
    assert manifest(world) == []


def test_a_file_under_a_second_name_is_refused(world: Ingesting, put: Any) -> None:
    dag_id = "ingest_s3_card_settlement"
    one, two = intervals(dag_id)
    again = VISA.replace(".csv", "-resent.csv")
    put(again, content_of(world.landing, VISA))
    with pytest.raises(RuleBroken, match=r"no_file_twice: the same content: .*visa-resent\.csv"):
        world.stage(dag_id, one)
    world.landing.client.delete_object(Bucket=BUCKET, Key=again)
    world.run(dag_id, one)
    world.run(dag_id, one)
    tomorrow = again.replace("03-02", "03-03")
    put(tomorrow, content_of(world.landing, VISA))
    with pytest.raises(RuleBroken, match=f"{tomorrow} was loaded before as {VISA}"):
        world.stage(dag_id, two)


@pytest.mark.parametrize(
    ("dag_id", "key", "content", "expected"),
    [
        (
            "ingest_s3_ach_returns",
            "ach_returns/dt=2026-03-02/returns.csv",
            b"trace_number,return_code,amount,currency,original_date,return_date\n1,R01,x,USD,,2026-03-02\n",
            r"row 1: column amount holds what is no NUMBER\(18, 2\)",
        ),
        (
            "ingest_s3_processor_payouts",
            "processor_payouts/dt=2026-03-02/payouts.json",
            b'{"payouts": ',
            "after row 0: JSONDecodeError",
        ),
        (
            "ingest_s3_clickstream",
            "clickstream/dt=2026-03-02/hour=00/events.json.gz",
            gzip.compress(b'{"event_id": 1}\n', mtime=0)[:-6],
            "after row 1: EOFError",
        ),
        (
            "ingest_s3_clickstream",
            "clickstream/dt=2026-03-02/hour=00/events.json.gz",
            b"not gzip",
            "after row 0: BadGzipFile",
        ),
        (
            "ingest_s3_fx_rates",
            "fx_rates/dt=2026-03-02/rates.json",
            b"[]",
            "after row 0: AttributeError",
        ),
        (
            "ingest_s3_sanctions",
            "sanctions/dt=2026-03-02/list.csv",
            b'entity_id,full_name,programme,listed_on\n1,"x"y,z,2026-01-01\n',
            "after row 0: Error",
        ),
        (
            "ingest_s3_clickstream",
            "clickstream/dt=2026-03-02/hour=00/events.json.gz",
            gzip.compress(b'{"event_id": 1, "occurred_at": "2026-03-05T00:00:00Z"}\n', mtime=0),
            "1 rows outside of the data interval",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_without_its_values(
    world: Ingesting, put: Any, dag_id: str, key: str, content: bytes, expected: str
) -> None:
    put(key, content)
    with pytest.raises(Rejected, match=expected):
        world.run(dag_id, intervals(dag_id)[0])
    assert manifest(world) == []


def test_a_network_that_fails_is_no_reason_to_give_up(
    world: Ingesting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ConnectionResetError

    monkeypatch.setattr("lib.extract.landing.Digested.readinto", broken)
    with pytest.raises(ConnectionResetError):
        world.stage("ingest_s3_sanctions", intervals("ingest_s3_sanctions")[0])


def test_a_field_that_is_missing_is_none(world: Ingesting, put: Any) -> None:
    key = "processor_payouts/dt=2026-03-02/payouts.json"
    document = json.loads(content_of(world.landing, key))
    del document["payouts"][0]["fee"]
    put(key, json.dumps(document).encode())
    world.run("ingest_s3_processor_payouts", intervals("ingest_s3_processor_payouts")[0])
    assert world.database.ask('SELECT COUNT(*) FROM RAW_FILES.PROCESSOR_PAYOUTS WHERE "FEE" IS NULL') == [
        (1,)
    ]


def test_each_row_says_which_file_it_came_from(world: Ingesting) -> None:
    world.run("ingest_s3_clickstream", Interval(midnight(0), midnight(0) + timedelta(hours=2)))
    found = world.database.ask('SELECT DISTINCT "_SOURCE_FILE" FROM RAW_FILES.CLICKSTREAM ORDER BY 1')
    assert found == [(f"clickstream/dt=2026-03-02/hour=0{hour}/events.json.gz",) for hour in (0, 1)]
