"""When a fence may be closed: by the clock alone, for all the ways in which it can be left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.fencing import AT_ONCE, STOPPED, open_for_long, to_close
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
    now, later = to_close((), fenced(), AIRFLOW, NOW)
    assert now is not None
    assert (now.dag_ids, now.expected, now.not_before, later) == (("dag_000",), {}, NOW, None)


def test_a_fence_whose_dag_is_still_to_be_flipped_stays() -> None:
    assert to_close(["dag_000"], fenced(), AIRFLOW, NOW) == (None, None)


def test_a_flip_has_to_be_copied_twice_and_seen() -> None:
    known = fenced(flipped_at=NOW)
    expected = {"dag_000": known.live["dag_000"].pointer.release}
    now, later = to_close((), known, AIRFLOW, NOW + at(1))
    assert now is None
    assert later is not None
    assert (later.not_before, later.expected) == (NOW + at(60), expected)
    now, later = to_close((), known, AIRFLOW, NOW + at(60))
    assert now is not None
    assert (now.expected, later) == (expected, None)


def test_one_dag_does_not_keep_another_paused() -> None:
    known = fenced(flipped_at=NOW)
    other = Fence(opened_at=NOW, ours=True, paused_at=NOW, flipped_at=NOW + at(50))
    both = known.model_copy(update={"fences": {**known.fences, "dag_001": other}})
    now, later = to_close((), both, AIRFLOW, NOW + at(61))
    assert now is not None
    assert later is not None
    assert (now.dag_ids, later.dag_ids) == (("dag_000",), ("dag_001",))


def test_a_removed_dag_has_to_be_seen_gone() -> None:
    known = fenced(flipped_at=NOW)
    _, later = to_close((), known.model_copy(update={"live": {}}), AIRFLOW, NOW)
    assert later is not None
    assert later.expected == {"dag_000": None}


def test_tasks_of_a_run_that_begins_anew_are_given_the_time_to_end() -> None:
    known = fenced(flipped_at=NOW, restarted_at=NOW + at(50))
    _, later = to_close((), known, AIRFLOW, NOW + at(51))
    assert later is not None
    assert later.not_before == NOW + at(50) + STOPPED


def test_no_more_are_let_go_at_once_than_can_be_written_down_in_time() -> None:
    fence = Fence(opened_at=NOW, ours=True)
    many = fenced().model_copy(update={"fences": {f"dag_{n:03}": fence for n in range(90)}})
    now, _ = to_close((), many, AIRFLOW, NOW)
    assert now is not None
    assert len(now.dag_ids) == AT_ONCE


@pytest.mark.parametrize(("seconds", "insists"), [(189, True), (191, False)])
def test_a_dag_that_never_comes_up_is_not_kept_paused_for_ever(seconds: float, insists: bool) -> None:
    now, _ = to_close((), fenced(flipped_at=NOW), AIRFLOW, NOW + at(seconds))
    assert now is not None
    assert bool(now.expected) is insists


@pytest.mark.parametrize(("seconds", "late"), [(180, ()), (181, ("dag_000",))])
def test_over_three_minutes_is_too_long(seconds: float, late: tuple[str, ...]) -> None:
    told = open_for_long(fenced(), NOW + at(seconds))
    assert (told.evidence if told is not None else ()) == late
