"""A run in flight keeps its release, however often its DAG is deployed meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.pinning import due, next_history, without
from reconciler.model.plan import HistoryEntry
from tests.builders import NOW


def entry(number: int, at: int) -> HistoryEntry:
    """Release ``number``, used from ``at`` seconds on."""
    return HistoryEntry(
        release=f"{number:016x}", archive_sha256=f"{number:064x}", file="dags/one.py", since=time(at)
    )


def time(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def history(*entries: tuple[int, int]) -> tuple[HistoryEntry, ...]:
    return tuple(entry(number, at) for number, at in entries)


def test_due_is_the_newest_that_has_begun_or_else_the_oldest() -> None:
    known = history((3, 30), (2, 20), (1, 10))
    assert [due(known, time(at)).release[-1] for at in (5, 10, 19, 20, 29, 30, 99)] == list("1112233")


def test_only_what_somebody_needs_is_kept() -> None:
    before = history((4, 40), (3, 30), (2, 20), (1, 10))
    kept = next_history(before, entry(5, 120), [time(25)], time(95))
    assert [one.release[-1] for one in kept] == ["5", "4", "2"]


def test_what_is_not_due_yet_is_kept() -> None:
    before = history((2, 100), (1, 10))
    kept = next_history(before, entry(3, 110), [], time(90))
    assert [one.release[-1] for one in kept] == ["3", "2", "1"]


def test_neighbours_that_say_the_same_are_one() -> None:
    assert next_history(history((1, 10)), entry(1, 50), [], time(40)) == history((1, 10))


def test_without_puts_the_good_one_in_every_place_of_the_bad_one() -> None:
    known = history((9, 30), (8, 20), (1, 10))
    mended = without(known, {"9".zfill(16), "8".zfill(16)}, entry(2, 99))
    assert mended == history((2, 20), (1, 10))


@given(
    st.lists(
        st.tuples(st.sampled_from(["deploy", "start", "end"]), st.integers(0, 5), st.integers(1, 60)),
        max_size=40,
    )
)
def test_a_run_in_flight_keeps_its_release_through_any_deployments(
    story: list[tuple[str, int, int]],
) -> None:
    """A deployment looks at Airflow a little before it writes; a run may start in between."""
    now, number, pointer = 100, 1, history((1, 10))
    runs: dict[int, str] = {}
    for what, which, seconds in story:
        now += seconds
        if what == "start":
            runs[now] = due(pointer, time(now)).release
        elif what == "end" and runs:
            del runs[sorted(runs)[which % len(runs)]]
        elif what == "deploy":
            seen = [start for start in runs if start <= now - which]
            number += 1
            pointer = next_history(
                pointer, entry(number, now + 40), [time(start) for start in seen], time(now - which - 5)
            )
        assert {start: due(pointer, time(start)).release for start in runs} == runs
