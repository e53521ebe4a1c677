"""Each feed keeps its rules on any day, and says the same as the core database."""

from __future__ import annotations

from datetime import date, timedelta

import boto3
import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from local.sources.bank import Bank
from local.sources.database import Connection
from local.sources.feeds import ach_returns, bank_statements, credit_bureau, fx_rates
from local.sources.feeds.parquet import Column, Kind, to_parquet
from local.sources.landing import FEEDS, deliver
from local.sources.prepare import DATABASE, prepare
from local.sources.times import HOUR, Interval, midnight
from tests.sources.conftest import BANK, MONDAY, TWO_DAYS
from tests.sources.feed_rules import Files, broken, table
from tests.sources.parquet_reader import read
from tests.sources.reconciliation import differences

DAYS = st.dates(date(2024, 1, 8), date(2027, 12, 31))


def delivered(interval: Interval, bank: Bank = BANK) -> Files:
    files: Files = {}
    deliver(files.__setitem__, bank, interval)
    return files


@given(DAYS, st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_the_rules_hold_on_any_eight_days(day: date, seed: int) -> None:
    files = delivered(Interval.of_day(day, 8), Bank(seed))
    assert broken(files) == set()
    assert {key.split("/")[0] for key in files} == {feed.name for feed in FEEDS}


def test_the_feeds_agree_with_the_core_data(bank: Connection) -> None:
    assert differences(delivered(TWO_DAYS), bank) == set()


def test_returns_are_of_payments_that_were_made(bank: Connection) -> None:
    files = delivered(Interval.of_day(MONDAY + timedelta(days=2), 3))
    returned = {
        (row["trace_number"], row["amount"], row["original_date"])
        for key, content in files.items()
        if key.startswith("ach_returns")
        for row in table(content)
        if row["original_date"] in ("2026-03-02", "2026-03-03")
    }
    query = "SELECT trace_number, amount::text, requested_at::date::text FROM core.payment_instructions"
    assert returned
    assert returned <= set(bank.execute(query.encode()))


@given(DAYS)
@settings(max_examples=30, deadline=None)
def test_each_day_s_payments_come_back_on_exactly_one_banking_day(day: date) -> None:
    after = [day + timedelta(days=number) for number in range(1, 9)]
    assert sum(day in ach_returns.paid_on(other) for other in after if ach_returns.FEED.comes(other)) == 1


@given(DAYS)
@settings(max_examples=20, deadline=None)
def test_a_statement_opens_with_what_the_day_before_closed_with(day: date) -> None:
    for currency in ("EUR", "GBP", "USD"):
        ends = [
            table(bank_statements.files(BANK, each)[bank_statements.key(each, currency)])[0]
            for each in (day - timedelta(days=1), day)
        ]
        assert ends[0]["closing_balance"] == ends[1]["opening_balance"]


def test_hours_and_days_bring_the_same_files() -> None:
    whole = delivered(Interval.of_day(MONDAY))
    hours = [Interval(hour, hour + HOUR) for hour in Interval.of_day(MONDAY).hours()]
    by_hour = {key: content for hour in hours for key, content in delivered(hour).items()}
    assert by_hour == {key: whole[key] for key in whole if key.startswith("clickstream/")}
    assert len(by_hour) == 24
    assert delivered(Interval.of_day(MONDAY)) == whole
    assert delivered(TWO_DAYS).items() >= whole.items()


def test_feeds_come_on_their_days() -> None:
    week = delivered(Interval.of_day(MONDAY, 7))
    days = {
        feed.name: {key.split("dt=")[1][:10] for key in week if key.startswith(f"{feed.name}/")}
        for feed in FEEDS
    }
    assert {name: len(found) for name, found in days.items()} == {
        "card_settlement": 7, "ach_returns": 5, "processor_payouts": 7, "bank_statements": 7, "fx_rates": 5,
        "clickstream": 7, "credit_bureau": 1, "sanctions": 7,
    }  # fmt: skip
    assert days["credit_bureau"] == {"2026-03-08"}


def test_a_stack_gets_database_and_buckets(server: str) -> None:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        hour = midnight(MONDAY)
        wanted = (f"{server}/postgres", client, ("dev", "prod"), BANK, Interval(hour, hour + HOUR))
        counts = prepare(*wanted)
        assert counts["core.customers"] == BANK.customers
        assert counts["clickstream"] == 2
        key = "clickstream/dt=2026-03-02/hour=00/events.json.gz"
        landed = client.get_object(Bucket="finedge-landing-prod", Key=key)["Body"].read()
        assert prepare(*wanted) == counts, "it may be called again"
    assert landed == delivered(Interval(hour, hour + HOUR))[key]
    with psycopg.connect(f"{server}/{DATABASE}") as connection:
        assert connection.execute("SELECT count(*) FROM ledger.period_close").fetchone() == (1,)


def test_other_seeds_have_other_values() -> None:
    assert fx_rates.rates(Bank(1), MONDAY) != fx_rates.rates(Bank(2), MONDAY)


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.integers(-(2**31), 2**31 - 1),
            st.text(st.characters(exclude_categories=("Cs",))),
            st.dates(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_parquet_is_read_as_it_was_written(rows: list[tuple[int, int, str, date]]) -> None:
    kinds = (Kind.INT64, Kind.INT32, Kind.STRING, Kind.DATE)
    columns = [Column(kind.name, kind) for kind in kinds]
    assert [tuple(row.values()) for row in read(to_parquet(columns, rows))] == rows


def test_parquet_has_as_many_columns_as_one_likes() -> None:
    columns = [Column(f"c{number}", Kind.INT32) for number in range(20)]
    assert read(to_parquet(columns, [range(20)])) == [{f"c{number}": number for number in range(20)}]


def test_scores_are_of_everybody() -> None:
    (content,) = credit_bureau.files(BANK, MONDAY).values()
    assert [row["customer_id"] for row in read(content)] == list(range(1, BANK.size.individuals + 1))
