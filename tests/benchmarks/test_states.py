"""A DAG counts as missing or mixed exactly when Airflow shows it so."""

from __future__ import annotations

import pytest

from benchmarks.airflow_view import MISSING, MIXED, Seen
from benchmarks.states import tally

RELEASES = {"r1": "1", "r2": "2"}


def seen(code: str, lib: str, release: str = "", *, active: bool = True) -> Seen:
    return Seen(active, code, lib, release)


@pytest.mark.parametrize(
    ("dag", "state"),
    [
        (seen("1", "1"), "1"),
        (seen("2", "2", "r2"), "2"),
        (seen("2", "1"), MIXED),
        (seen("2", "2", "r1"), MIXED),
        (seen("2", "2", "r3"), MIXED),
        (seen("2", "1+2"), MIXED),
        (seen("2", "2", active=False), MISSING),
    ],
    ids=["whole", "whole-release", "two-files", "other-release", "unknown-release", "two-tags", "stale"],
)
def test_the_state_of_a_dag(dag: Seen, state: str) -> None:
    assert dag.state(RELEASES) == state


def test_polls_are_counted_with_the_worst_of_their_dags() -> None:
    old, new, mixed = seen("1", "1"), seen("2", "2"), seen("2", "1")
    polls = [
        (0.0, {"a": old, "b": old}),
        (1.0, {"a": mixed, "b": old}),
        (2.0, {"a": mixed, "b": mixed}),
        (3.0, {"a": new}),
        (4.0, {"a": new, "b": new}),
    ]
    found = tally(polls, ["a", "b"], "2", {})
    assert (found.polls, found.hertz) == (5, 1.0)
    assert (found.mixed_polls, found.mixed_dags, found.mixed_seconds) == (2, 2, 1.0)
    assert (found.missing_polls, found.missing_dags, found.missing_seconds) == (1, 1, 0.0)
    assert found.spread == 1.0


def test_a_clean_flip_counts_nothing() -> None:
    polls = [(0.0, {"a": seen("1", "1", "r1")}), (1.0, {"a": seen("2", "2", "r2")})]
    found = tally(polls, ["a"], "2", RELEASES)
    assert (found.missing_polls, found.mixed_polls) == (0, 0)
