"""Whether an alarm could take a release back is tried before it has to: seldom, told once, shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.engine.readiness import try_reverter
from reconciler.engine.reverting import look_again
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import ConditionType, Reason, Severity
from tests.engine.alarmed import ANA, Alarmed
from tests.engine.scene import ENVIRONMENT_YAML

HOUR = 3600


@pytest.fixture
def alarmed() -> Iterator[Alarmed]:
    alarmed = Alarmed()
    yield alarmed
    assert alarmed.by_reverter == [], "it only tries"


def tried(alarmed: Alarmed, **parts: object) -> str:
    return try_reverter(alarmed.lookout("check-health", **parts), "dev")


def calls(alarmed: Alarmed) -> int:
    return alarmed.reverter.calls["check"]


def test_it_is_tried_once_a_day(alarmed: Alarmed) -> None:
    assert "could take a release of dev back" in tried(alarmed)
    assert alarmed.scene.state.conditions[ConditionType.REVERTIBLE].status is True
    for _ in range(30):
        alarmed.scene.clock.advance(HOUR / 2)
        assert tried(alarmed) == ""
    alarmed.scene.clock.advance(10 * HOUR)
    assert tried(alarmed)
    assert calls(alarmed) == 2
    (told,) = alarmed.told(Reason.REVERT_POSSIBLE)
    assert told.severity is Severity.INFO


def test_what_is_missing_is_told_once_and_tried_each_hour(alarmed: Alarmed) -> None:
    for _ in range(3):
        alarmed.reverter.fail_next("check", Terminal("The secret is empty.", "Put the key into it."))
        assert "The secret is empty." in tried(alarmed)
        assert tried(alarmed) == ""
        alarmed.scene.clock.advance(HOUR)
    (told,) = alarmed.told(Reason.REVERT_IMPOSSIBLE)
    assert told.severity is Severity.ERROR
    assert "An alarm could take nothing back in dev. The secret is empty." in told.message
    assert "Put the key into it." in told.message
    tried(alarmed)
    assert alarmed.scene.state.conditions[ConditionType.REVERTIBLE].status is True
    assert len(alarmed.told(Reason.REVERT_POSSIBLE)) == 1


def test_what_cannot_be_tried_now_is_tried_in_a_minute(alarmed: Alarmed) -> None:
    alarmed.reverter.fail_next("check", Transient("No answer."))
    with pytest.raises(Transient):
        tried(alarmed)
    assert ConditionType.REVERTIBLE not in alarmed.scene.state.conditions
    assert tried(alarmed)


def test_it_is_tried_again_after_other_rules_were_accepted(alarmed: Alarmed) -> None:
    tried(alarmed)
    alarmed.scene.clock.advance(60)
    alarmed.scene.repo.person_pushes({"dev/environment.yaml": ENVIRONMENT_YAML + b"# Seen.\n"}, by=ANA)
    alarmed.scene.tick()
    assert tried(alarmed)
    assert calls(alarmed) == 2


def test_a_stack_without_a_key_is_told_where_somebody_is_named(alarmed: Alarmed) -> None:
    assert "RevertsByItself=false" in tried(alarmed, reverter=None)
    assert len(alarmed.told(Reason.REVERT_IMPOSSIBLE)) == 1


def test_where_people_decided_otherwise_nothing_is_tried_or_told(alarmed: Alarmed) -> None:
    off = ENVIRONMENT_YAML + b"health: {revert: {automatic: false}}\n"
    alarmed.scene.repo.person_pushes({"dev/environment.yaml": off}, by=ANA)
    alarmed.scene.tick()
    assert "as people decided" in tried(alarmed)
    assert calls(alarmed) == 0
    assert alarmed.told(Reason.REVERT_IMPOSSIBLE) == alarmed.told(Reason.REVERT_POSSIBLE) == []


def test_whoever_is_at_work_is_not_disturbed(alarmed: Alarmed) -> None:
    lease = alarmed.scene.store.acquire("dev", "tick", 150)
    assert "Others are at work" in tried(alarmed)
    alarmed.scene.store.release(lease)
    handled = alarmed.scene.state.last_handled_at
    tried(alarmed)
    assert alarmed.scene.state.last_handled_at == handled, "that is for ticks to note"
    assert look_again(alarmed.lookout(), "dev") == "No alarm waits."
    assert try_reverter(alarmed.lookout(), "staging") == "", "nothing was ever accepted there"
