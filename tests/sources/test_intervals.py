"""Same seed, size and interval: same bytes. A further interval adds and updates, and changes nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sources.bank import SIZES, Bank
from local.sources.cards import authorizations
from local.sources.changes import changes
from local.sources.database import TABLES, Connection, append, close, create, found
from local.sources.times import FIRST_HOUR, HOUR, Interval, midnight
from local.sources.transactions import transactions
from tests.sources.conftest import BANK, MONDAY, TWO_DAYS, Connect

TUESDAY = date(2026, 3, 3)
HOURS = st.integers(0, 30_000).map(lambda number: FIRST_HOUR + number * HOUR)


def dump(connection: Connection, where: str = "true") -> dict[str, list[str]]:
    """The rows of all tables as text, sorted; `where` is asked of each."""
    return {
        table.name: [
            text
            for (text,) in connection.execute(
                f"SELECT t::text FROM {table.name} t WHERE {where} ORDER BY 1".encode()
            )
        ]
        for table in TABLES
    }


def filled(connection: Connection, *intervals: Interval, bank: Bank = BANK) -> Connection:
    """The bank with these intervals."""
    create(connection)
    found(connection, bank)
    for interval in intervals:
        append(connection, bank, interval)
    return connection


def test_hour_by_hour_is_the_same_as_at_once(empty: Connect) -> None:
    day = Interval.of_day(MONDAY)
    at_once = dump(filled(empty("once"), day))
    by_hour = dump(filled(empty("hours"), *(Interval(hour, hour + HOUR) for hour in day.hours())))
    assert at_once == by_hour
    assert at_once != dump(filled(empty("other"), day, bank=Bank(seed=8)))


def test_a_further_interval_touches_only_what_it_stamps(empty: Connect) -> None:
    connection = filled(empty("more"), Interval.of_day(MONDAY))
    before = dump(connection)
    append(connection, BANK, Interval.of_day(TUESDAY))
    untouched = dump(connection, "updated_at < '2026-03-03'")
    for name, rows in untouched.items():
        assert set(rows) <= set(before[name]), name
    keys = "SELECT transaction_id FROM core.transactions WHERE booked_on = '2026-03-02'"
    assert len(connection.execute(keys).fetchall()) == len(before["core.transactions"])


def test_what_a_day_adds_depends_on_no_other_day(empty: Connect) -> None:
    tuesday = Interval.of_day(TUESDAY)
    new = "updated_at >= '2026-03-03'"
    alone, after = filled(empty("alone"), tuesday), filled(empty("after"), Interval.of_day(MONDAY), tuesday)
    for name, rows in dump(alone, new).items():
        assert set(rows) <= set(dump(after, new)[name]), name


def test_an_hour_cannot_be_added_twice(changeable: Connection) -> None:
    before = dump(changeable)
    with pytest.raises(psycopg.errors.UniqueViolation):
        append(changeable, BANK, TWO_DAYS)
    assert dump(changeable) == before


def test_a_day_that_never_was_cannot_be_closed(changeable: Connection) -> None:
    with pytest.raises(LookupError, match="2026-03-09"):
        close(changeable, date(2026, 3, 9))


@given(HOURS, st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_an_hour_is_the_same_whoever_asks_and_when(hour: datetime, seed: int) -> None:
    bank = Bank(seed)
    first = list(transactions(bank, hour))
    list(transactions(bank, hour + HOUR))
    assert first == list(transactions(bank, hour))
    assert len({row.transaction_id for row in first}) == len(first)
    assert all(row.booked_on == hour.date() and hour <= row.updated_at < hour + HOUR for row in first)
    assert all(at >= hour for change in changes(bank, hour) for _, at in change.rows)


@given(HOURS, HOURS)
@settings(max_examples=30, deadline=None)
def test_hours_share_no_keys(one: datetime, other: datetime) -> None:
    keys = [{row.authorization_id for row in authorizations(BANK, hour)} for hour in (one, other)]
    assert one == other or not keys[0] & keys[1]


@given(HOURS)
@settings(max_examples=8, deadline=None)
def test_each_pending_row_is_posted_once_within_two_days(hour: datetime) -> None:
    pending = {row.transaction_id for row in transactions(BANK, hour) if row.status == "pending"}
    posted = [
        key
        for later in range(1, 49)
        for change in changes(BANK, hour + later * HOUR)
        if change.table == "core.transactions"
        for key, _ in change.rows
        if key in pending
    ]
    assert sorted(posted) == sorted(pending)


@pytest.mark.parametrize("size", SIZES)
def test_a_size_has_room_for_its_keys(size: str) -> None:
    bank = Bank(size=SIZES[size])
    assert bank.customers + bank.size.individuals // 2 < 1_000_000
    assert bank.count(bank.size.authorizations, midnight(MONDAY) + 12 * HOUR) < 100_000


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 3, 2), datetime(2026, 3, 3)),  # noqa: DTZ001 - the fault
        (datetime(2026, 3, 2, 0, 30, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)),
        (datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)),
        (datetime(2023, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
def test_what_is_no_interval_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="not a"):
        Interval(start, end)
