"""Whoever acts on an alarm may die, or not be answered, at any call: one commit, one event, on it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.adapters.git_rules import Identity
from reconciler.engine.reverting import heard, look_again
from reconciler.engine.world import Lookout, Outcome
from reconciler.model.alarm import AlarmChange, AlarmValue
from reconciler.model.errors import ReconcilerError, Transient
from reconciler.model.reason import Reason
from tests.engine.alarmed import ALARM, REVERTER, Alarmed
from tests.engine.crashes import Died, Fate, Fuse, guarded
from tests.engine.scene import pointer_yaml

FORGED = Identity(REVERTER.name, REVERTER.email)
LEASE_SECONDS, MINUTE = 150, 60
MOST_CALLS = 80


def doomed(alarmed: Alarmed, fuse: Fuse) -> Lookout:
    """All that whoever acts on an alarm works with, every call counted."""
    return replace(
        alarmed.lookout(),
        world=guarded(alarmed.scene, fuse),
        alarms=fuse.guard(alarmed.alarms),
        queue=fuse.guard(alarmed.queue),
        reverter=fuse.guard(alarmed.reverter),
    )


def fails(work: Callable[[], object]) -> bool:
    """Did it die, or say that it has to be done again?"""
    try:
        work()
    except (Died, Transient):
        return True
    return False


def minutes(alarmed: Alarmed) -> None:
    """What the outside does by itself: looks each minute, and sweeps."""
    alarmed.scene.clock.advance(LEASE_SECONDS)
    for _ in range(2):
        alarmed.look_again()
        assert alarmed.scene.tick().outcome in (Outcome.IDLE, Outcome.APPLIED)
        alarmed.scene.clock.advance(MINUTE)


def check(alarmed: Alarmed) -> None:
    """One commit, told once, live."""
    scene = alarmed.scene
    assert len(alarmed.by_reverter) == 1
    (told,) = alarmed.told(Reason.REVERT_COMMITTED)
    assert told.revision == alarmed.by_reverter[0].sha
    assert len(alarmed.told(Reason.REVERT_INTENDED)) == 1
    assert alarmed.suppressed() == []
    assert set(scene.running().values()) == {alarmed.good.id}
    (revert,) = scene.state.reverts
    assert revert.commit == alarmed.by_reverter[0].sha
    assert scene.state.alarm is None
    assert [one.reason for one in scene.bus.published].count(Reason.REVERT_COMMITTED) >= 1


LESS_OFTEN = (Fate.LOST_ANSWER, Fate.UNREACHED)
FATES = pytest.mark.parametrize(
    ("fate", "every"),
    [
        (Fate.BEFORE, 1),
        (Fate.AFTER, 1),
        *((fate, 4) for fate in LESS_OFTEN),
        *(pytest.param(fate, 1, marks=pytest.mark.long) for fate in LESS_OFTEN),
    ],
)


@FATES
def test_hearing_may_end_anywhere(fate: Fate, every: int) -> None:
    """Lambda tells again; what it does not, each minute's look finds."""
    ends = set[str]()
    for at in range(0, MOST_CALLS, every):
        alarmed = Alarmed()
        change, fuse = alarmed.goes_off(), Fuse(at, fate)
        failed = fails(lambda: heard(doomed(alarmed, fuse), change))  # noqa: B023
        if failed and alarmed.scene.state.alarm is None and alarmed.revert is None:
            ends.add("before anything was remembered")
            alarmed.scene.clock.advance(LEASE_SECONDS)
            alarmed.hear(change)
        minutes(alarmed)
        alarmed.hear(change)
        check(alarmed)
        if fuse.calls <= at:
            assert not failed
            assert at > 20, "there were calls to die at"
            assert ends
            return
    raise AssertionError("more calls than this test dies at")


@FATES
def test_each_minutes_look_may_end_anywhere(fate: Fate, every: int) -> None:
    for at in range(0, MOST_CALLS, every):
        alarmed = Alarmed()
        change = waiting(alarmed)
        fuse = Fuse(at, fate)
        fails(lambda: look_again(doomed(alarmed, fuse), "dev"))  # noqa: B023
        minutes(alarmed)
        alarmed.hear(change)
        check(alarmed)
        if fuse.calls <= at:
            assert at > 20, "there were calls to die at"
            return
    raise AssertionError("more calls than this test dies at")


def waiting(alarmed: Alarmed) -> AlarmChange:
    """An alarm that was heard of when Git did not answer."""
    change = alarmed.goes_off()
    alarmed.scene.repo.fail_next("tip", Transient("No answer."))
    assert fails(lambda: alarmed.hear(change))
    return change


def test_a_commit_that_was_pushed_by_whoever_died_is_found_under_others() -> None:
    alarmed = Alarmed()
    change, push = alarmed.goes_off(), alarmed.reverter.push

    def lost(base: str, files: dict[str, bytes], message: str, in_force: str) -> object:
        push(base, files, message, in_force)
        raise Transient("No answer.")

    alarmed.reverter.push = lost  # type: ignore[method-assign,assignment]
    with pytest.raises(Transient):
        alarmed.hear(change)
    alarmed.reverter.push = push  # type: ignore[method-assign]
    alarmed.scene.repo.person_pushes({"dev/notes.md": b"somebody else's"})
    alarmed.look_again()
    assert alarmed.tick() is Outcome.APPLIED
    check(alarmed)


def test_a_forged_commit_is_not_taken_for_the_one_that_was_intended() -> None:
    alarmed = Alarmed()
    with pytest.raises(ReconcilerError):
        alarmed.hear(reverter=_Unreachable())
    scene = alarmed.scene
    assert alarmed.revert is not None
    assert alarmed.revert.commit is None
    bad = f"{{by: me, since: 2026-03-01T00:00:00Z, reason: x, release: {alarmed.bad.id}}}"
    forged = {
        "dev/pointer.yaml": pointer_yaml("1.0.0"),
        "dev/holds.yaml": f"apiVersion: reconciler/v1\nkind: Holds\nquarantine: [{bad}]\n".encode(),
    }
    scene.repo.person_pushes(forged, f"Revert dev\n\nQuarantines: {alarmed.bad.id}", by=FORGED)
    alarmed.look_again()
    assert alarmed.suppressed() == [], "the one that was intended may still arrive"
    scene.clock.advance(5 * MINUTE)
    alarmed.look_again()
    assert alarmed.told(Reason.REVERT_COMMITTED) == []
    assert alarmed.suppressed() == ["AlreadyReverted"]
    assert alarmed.revert is None


def test_a_commit_that_arrives_late_has_its_record() -> None:
    alarmed = Alarmed()
    pushed = list[Callable[[], object]]()
    push = alarmed.reverter.push

    def slow(base: str, files: dict[str, bytes], message: str, in_force: str) -> object:
        pushed.append(lambda: push(base, files, message, in_force))
        raise Transient("No answer.")

    alarmed.reverter.push = slow  # type: ignore[method-assign,assignment]
    with pytest.raises(Transient):
        alarmed.hear()
    for _ in range(6):
        alarmed.scene.clock.advance(MINUTE)
        assert fails(alarmed.look_again), "the last try counts, not the first"
    alarmed.scene.clock.advance(MINUTE)
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    alarmed.look_again()
    assert alarmed.suppressed() == []
    assert alarmed.revert is not None
    pushed[-1]()
    alarmed.scene.clock.advance(MINUTE)
    alarmed.look_again()
    assert alarmed.tick() is Outcome.APPLIED
    check(alarmed)


def test_a_commit_that_never_arrives_is_given_up() -> None:
    alarmed = Alarmed()
    with pytest.raises(ReconcilerError):
        alarmed.hear(reverter=_Unreachable())
    alarmed.scene.clock.advance(MINUTE)
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    alarmed.look_again()
    assert alarmed.revert is not None
    alarmed.scene.clock.advance(5 * MINUTE)
    alarmed.look_again()
    assert alarmed.suppressed() == ["AlarmOver"]
    assert (alarmed.revert, alarmed.by_reverter) == (None, [])


class _Unreachable:
    def push(self, *_: object) -> None:
        raise Transient("No answer.")
