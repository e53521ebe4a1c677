"""When a fence may be closed: by the clock alone, for all the ways in which it can be left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.fencing import STOPPED, to_close, too_long_open
from reconciler.model.environment import AirflowApi, AirflowSpec, DagFolderSpec, HttpApi
from reconciler.model.state import EnvironmentState, Fence
from tests.builders import NOW, release_manifest, state

AIRFLOW = AirflowSpec(
    version="3.0.6",
    api=AirflowApi(http=HttpApi(url="http://127.0.0.1:1")),
    dag_folder=DagFolderSpec(bucket="dev-airflow"),
    sync_seconds=30,
    parse_seconds=100,
    clock_margin_seconds=5,
)


def fenced(**more: object) -> EnvironmentState:
    """``dag_000`` is behind a fence, opened now."""
    fence = Fence(opened_at=NOW, ours=True, paused_at=NOW).model_copy(update=more)
    return state(release=release_manifest(1)).model_copy(update={"fences": {"dag_000": fence}})


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_a_fence_behind_which_nothing_was_flipped_is_closed_at_once() -> None:
    at_once, later = to_close((), fenced(), AIRFLOW, NOW)
    assert at_once is not None
    assert (at_once.dag_ids, at_once.not_before, later) == (("dag_000",), NOW, None)


def test_a_fence_whose_dag_is_still_to_be_flipped_stays() -> None:
    assert to_close(["dag_000"], fenced(), AIRFLOW, NOW) == (None, None)


def test_a_flip_has_to_be_copied_twice_and_seen() -> None:
    known = fenced(flipped_at=NOW)
    at_once, later = to_close((), known, AIRFLOW, NOW + at(1))
    assert (at_once, later is not None) == (None, True)
    assert later is not None
    assert later.not_before == NOW + at(60)
    assert later.expected == {"dag_000": known.live["dag_000"].pointer.release}


def test_a_removed_dag_has_to_be_seen_gone() -> None:
    known = fenced(flipped_at=NOW)
    without = {dag_id: dag for dag_id, dag in known.live.items() if dag_id != "dag_000"}
    _, later = to_close((), known.model_copy(update={"live": without}), AIRFLOW, NOW)
    assert later is not None
    assert later.expected == {"dag_000": None}


def test_tasks_of_a_run_that_begins_anew_are_given_the_time_to_end() -> None:
    known = fenced(flipped_at=NOW, restarted_at=NOW + at(50))
    _, later = to_close((), known, AIRFLOW, NOW + at(51))
    assert later is not None
    assert later.not_before == NOW + at(50) + STOPPED


@pytest.mark.parametrize(("seconds", "insists"), [(189, True), (191, False)])
def test_a_dag_that_never_comes_up_is_not_kept_paused_for_ever(seconds: float, insists: bool) -> None:
    at_once, later = to_close((), fenced(flipped_at=NOW), AIRFLOW, NOW + at(seconds))
    assert (later is not None, at_once is not None) == (insists, not insists)


@pytest.mark.parametrize(("seconds", "late"), [(180, ()), (181, ("dag_000",))])
def test_over_three_minutes_is_too_long(seconds: float, late: tuple[str, ...]) -> None:
    assert too_long_open(fenced(), NOW + at(seconds)) == late
