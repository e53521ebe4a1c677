"""The parts of a deployment add up to the whole, whatever ended before what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.parts import PARTS, Watched, parts
from reconciler.model.reason import Phase
from reconciler.model.state import StepRecord
from tests.builders import NOW, SECOND, operation, step_record

PUSHED = NOW.timestamp()


def step(kind: str, begin: float, end: float) -> StepRecord:
    times = {"intended_at": NOW + begin * SECOND, "finished_at": NOW + end * SECOND}
    return step_record(kind=kind).model_copy(update=times)


STEPS = [
    step("PutSupport", 2, 3),
    step("PutRelease", 3, 4),
    step("FlipBatch", 9, 10),
    step("FlipBatch", 10, 12),
]
OPERATION = operation(phase=Phase.SUCCEEDED).model_copy(
    update={"started_at": NOW + 2 * SECOND, "finished_at": NOW + 40 * SECOND}
)


def test_each_part_is_named_and_they_add_up() -> None:
    watched = Watched(PUSHED, PUSHED + 1, PUSHED + 20, PUSHED + 35)
    found = parts(watched, OPERATION, STEPS, NOW + 30 * SECOND)
    assert found == pytest.approx(
        {
            "tick": 1, "planned": 1, "put": 2, "copied": 5, "flipped": 3, "arrived": 8, "due": 10, "live": 5,
            "verified": 5,
        }
    )  # fmt: skip
    assert list(found) == list(PARTS)


def test_what_ended_earlier_than_the_part_before_took_no_time() -> None:
    """On a fast machine a release may be due before its pointers have arrived."""
    watched = Watched(PUSHED, None, PUSHED + 20, PUSHED + 21)
    found = parts(watched, OPERATION, STEPS, NOW + timedelta(seconds=12))
    assert (found["tick"], found["due"], found["live"]) == pytest.approx((0, 0, 1))
    assert sum(found.values()) == pytest.approx(40)


def test_a_release_that_was_there_already_is_not_put() -> None:
    watched = Watched(PUSHED, PUSHED + 1, PUSHED + 20, PUSHED + 21)
    assert parts(watched, OPERATION, STEPS[2:], NOW)["put"] == 0
