"""What becomes of DAGs that come for the first time: left as they are, or un-paused once they are there."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import Transient
from tests.engine.scene import ENVIRONMENT_YAML, Scene

ACTIVE = ENVIRONMENT_YAML + b"  newDags: active\n"


def scene(environment: bytes = ACTIVE) -> Scene:
    """Airflow pauses what is new, as it does by default; 1.0.0 brings `one`, and 1.1.0 brings `two`."""
    made = Scene(environment=environment)
    made.airflow.set_paused("one", True)
    made.airflow.set_paused("two", True)
    made.airflow.pauses.clear()
    made.deploy("1.0.0", {"one": "a"})
    made.publish("1.1.0", {"one": "A", "two": "b"})
    return made


def test_a_new_dag_is_un_paused_once_it_was_seen() -> None:
    made = scene()
    assert made.airflow.pauses == [("one", False)]
    made.airflow.unparsed.add("two")
    made.push("1.1.0")
    made.tick()
    assert made.airflow.pauses == [("one", False)]
    made.airflow.unparsed.clear()
    for _ in range(3):
        made.clock.advance(5)
        made.tick()
    assert made.airflow.pauses == [("one", False), ("two", False)]
    assert not any(live.added for live in made.state.live.values())


def test_one_that_a_person_paused_later_stays_so() -> None:
    made = scene()
    made.airflow.set_paused("one", True)
    made.push("1.1.0")
    assert made.tick().outcome is Outcome.APPLIED
    assert made.airflow.pauses == [("one", False), ("one", True), ("two", False)]


def test_unless_that_is_wanted_nothing_is_un_paused() -> None:
    made = scene(ENVIRONMENT_YAML)
    made.push("1.1.0")
    assert made.tick().outcome is Outcome.APPLIED
    assert made.airflow.pauses == []


@pytest.mark.parametrize("after_effect", [False, True])
def test_it_is_tried_again_if_airflow_does_not_answer(after_effect: bool) -> None:
    made = scene()
    made.airflow.fail_next("set_paused", Transient("no answer"), after_effect=after_effect)
    made.push("1.1.0")
    for _ in range(3):
        made.tick()
        made.clock.advance(40)
    assert ("two", False) in made.airflow.pauses
    assert made.airflow.dags(["two"])["two"].paused is False
    assert made.tick().outcome is Outcome.IDLE
