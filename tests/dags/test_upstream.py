"""What a run waits for: all of an interval, or something new enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lib.intervals import Interval
from lib.runs import record_run
from lib.upstream import Covered, Recent, done, gaps, lacking

from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database

FIRST = datetime(2026, 5, 4, tzinfo=UTC)  # a Monday


def hours(start: float, end: float) -> Interval:
    return Interval(FIRST + timedelta(hours=start), FIRST + timedelta(hours=end))


def days(start: float, end: float) -> Interval:
    return hours(24 * start, 24 * end)


def test_nothing_is_lacking_where_all_is_covered_in_whatever_pieces() -> None:
    pieces = [hours(number, number + 1) for number in range(24)]
    assert Covered("a", days(0, 1)).lacks(pieces[::-1]) is None
    assert Covered("a", days(0, 1)).lacks([hours(0, 13), hours(12, 30)]) is None
    assert Covered("a", days(0, 2)).lacks([days(-1, 3)]) is None


def test_what_is_lacking_is_named() -> None:
    assert Covered("a", days(0, 1)).lacks([]) == "a lacks 2026-05-04 00:00 to 2026-05-05 00:00"
    told = Covered("a", days(0, 1)).lacks([hours(-5, 3), hours(4, 6)])
    assert told == "a lacks 2026-05-04 03:00 to 2026-05-04 04:00, 2026-05-04 06:00 to 2026-05-05 00:00"


@pytest.mark.parametrize(
    ("day", "found", "lacks"),
    [
        (0, [], True),
        (0, [days(0, 1)], False),
        (4, [], False),  # Friday's file comes on Monday, with the weekend's
        (5, [], False),
        (6, [], True),
        (6, [days(4, 7)], False),
    ],
)
def test_a_banking_day_that_had_not_ended_is_not_waited_for(
    day: int, found: list[Interval], lacks: bool
) -> None:
    assert bool(Covered("a", days(day, day + 1), "banking_day").lacks(found)) == lacks


def test_a_list_has_to_be_new_enough() -> None:
    need = Recent("a", FIRST)
    assert need.lacks([days(0, 1), days(-9, -8)]) is None
    assert need.lacks([days(-1, 0)]) == "a has nothing newer than 2026-05-04 00:00"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6))), st.integers(0, 20), st.integers(1, 12))
def test_gaps_are_the_hours_that_nobody_has(pieces: list[tuple[int, int]], start: int, length: int) -> None:
    found = [hours(begin, begin + size) for begin, size in pieces]
    wanted = hours(start, start + length)
    covered = {hour for begin, size in pieces for hour in range(begin, begin + size)}
    missing = set(range(start, start + length)) - covered
    told = gaps(wanted.start, wanted.end, found)
    assert bool(told) == bool(missing)
    ranges = [text.split(" to ") for text in told]
    as_hours = [
        tuple(
            (datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - FIRST) // timedelta(hours=1)
            for text in pair
        )
        for pair in ranges
    ]
    assert {hour for begin, end in as_hours for hour in range(begin, end)} == missing


def test_the_runs_are_asked(warehouse: Warehouse) -> None:
    connection = Database(warehouse).prepare().connection
    needs = [Covered("ingest_pg_ledger", days(0, 1)), Recent("ingest_s3_sanctions", FIRST)]

    def run(dag_id: str, run_id: str, state: str) -> None:
        batch = days(0, 1).batch(dag_id)
        counts = (1, 1, 1, 0, 0)
        record_run(connection, dag_id, run_id, batch.id, *counts, FIRST, FIRST, state=state)

    run("ingest_pg_ledger", "a", "failed")
    assert len(lacking(connection, needs)) == 2
    for dag_id in ("ingest_pg_ledger", "ingest_s3_sanctions"):
        for run_id in ("b", "c"):
            run(dag_id, run_id, "success")
    assert done(connection, "ingest_pg_ledger") == [days(0, 1)]
    assert lacking(connection, needs) == []
