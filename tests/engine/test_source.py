"""Where signatures are asked for, nothing unsigned is begun, and nothing that is held is let go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.adapters.git_rules import Identity
from reconciler.core.pointer_file import pointer_key
from reconciler.engine.world import Outcome
from reconciler.model.reason import ConditionType, Reason, TriggeredBy
from reconciler.model.verdict import Decision
from tests.engine.approving import ROLES, approve
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, Scene, pointer_yaml
from tests.signers import signers

ANA = Identity("Ana", "ana@example.com", "ana@example.com")
BEN = Identity("Ben", "ben@example.com", "ben@example.com")
EVE = Identity("Eve", "eve@example.com", "eve@example.com")
NOBODY = Identity("Ana", "ana@example.com")
"""Who says to be Ana, and has not her key."""

SIGNED = ENVIRONMENT_YAML + b"policy:\n  source: {signed: true}\n"
HEAD = "apiVersion: reconciler/v1\nkind: Holds\n"
DECIDED = "by: Ana, since: 2026-03-01T00:00:00Z, reason: audit"
HELD = f"{HEAD}holds: [{{{DECIDED}}}]\n"


def live(more: bytes = b"") -> Scene:
    """1.0.0 is live where signatures are asked for; 1.1.0 is published."""
    scene = Scene(environment=SIGNED + more, shared=RECONCILER_YAML + ROLES)
    scene.signers = signers("ana@example.com", "ben@example.com", "dan@example.com")
    scene.publish("1.0.0", {"one": "a", "two": "b"})
    scene.push("1.0.0", by=ANA)
    if more:
        approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.publish("1.1.0", {"one": "A", "two": "b"}, parent="1.0.0")
    return scene


def forward() -> Scene:
    """And 1.1.0 is live: 1.0.0 would be a rollback."""
    scene = live()
    scene.push("1.1.0", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    return scene


def test_what_nobody_signed_waits_and_goes_on_with_a_signature_on_top() -> None:
    scene = live()
    before, past, accepted = scene.running(), scene.state.past, scene.state.accepted
    tip = scene.push("1.1.0", by=NOBODY)
    for _ in range(3):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    state = scene.state
    assert (scene.running(), state.past, state.accepted) == (before, past, accepted)
    assert scene.reasons.count(Reason.SIGNATURE_MISSING) == 1
    told = scene.events[-1]
    assert told.evidence == (
        f"dev/pointer.yaml: commit {tip[:10]} by Ana <ana@example.com>: it has no SSH signature",
    )
    for kind in (ConditionType.ADMITTED, ConditionType.SOURCE_VERIFIED):
        assert (state.conditions[kind].status, state.conditions[kind].observed_revision) == (False, tip)
    assert state.outside is not None
    gates = {gate.gate: gate.decision for gate in state.outside.gates}
    assert gates.pop("source") is Decision.WAIT
    assert set(gates) >= {"approval", "window", "hold", "in-flight", "busy"}

    signed = scene.repo.person_pushes({"dev/pointer.yaml": b"# Seen.\n" + pointer_yaml("1.1.0")}, by=BEN)
    assert scene.tick().outcome is Outcome.APPLIED
    state = scene.state
    assert scene.running() != before
    assert state.conditions[ConditionType.SOURCE_VERIFIED].status is True
    assert state.conditions[ConditionType.ADMITTED].status is True
    begun = next(event for event in scene.events if event.reason is Reason.PROGRESSING and event.attempt == 2)
    named = f"dev/pointer.yaml: commit {signed[:10]} by Ben <ben@example.com>: signed by ben@example.com"
    assert named in begun.evidence


def test_a_signature_by_a_stranger_is_none() -> None:
    scene = live()
    before = scene.running()
    scene.push("1.1.0", by=EVE)
    assert scene.tick().outcome is Outcome.WAITING
    assert "allowed_signers has not" in scene.events[-1].message
    assert scene.running() == before


def test_a_key_that_is_not_valid_any_more_signs_nothing() -> None:
    scene = live()
    day = (scene.clock.now() + timedelta(days=1)).strftime("%Y%m%d")
    known = str(scene.signers).splitlines(keepends=True)
    scene.signers = "".join([known[0].replace(" ", f' valid-before="{day}" ', 1), *known[1:]])
    scene.push("1.0.0", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.clock.advance(timedelta(days=2).total_seconds())
    scene.push("1.1.0", by=ANA)
    assert scene.tick().outcome is Outcome.WAITING
    scene.push("1.0.0", by=NOBODY)
    scene.push("1.1.0", by=BEN)
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_commit_disarms_nothing_that_it_has_to_pass() -> None:
    scene = live()
    before = scene.running()
    scene.environment, scene.signers = ENVIRONMENT_YAML, signers("eve@example.com")
    scene.shared = RECONCILER_YAML
    scene.push("1.1.0", "No more signatures", by=EVE)
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.environment.policy.source.signed


def test_a_signature_vouches_for_the_file_that_it_changes_alone() -> None:
    scene = live()
    scene.environment = SIGNED.replace(b"8080", b"9999")
    scene.push("1.0.0", "Another Airflow", by=NOBODY)
    scene.push("1.1.0", by=ANA)
    assert scene.tick().outcome is Outcome.WAITING
    assert "of dev/environment.yaml is not signed" in scene.events[-1].message


def test_a_signature_on_something_else_vouches_for_nothing() -> None:
    scene = live()
    scene.push("1.1.0", by=NOBODY)
    scene.repo.person_pushes({"other/pointer.yaml": b"x", "dev/notes.md": b"y"}, "Something else", by=ANA)
    assert scene.tick().outcome is Outcome.WAITING


def test_what_is_changed_after_the_signature_is_unsigned() -> None:
    scene = live()
    scene.push("1.1.0", by=ANA)
    scene.publish("1.2.0", {"one": "evil"}, parent="1.1.0")
    scene.push("1.2.0", by=NOBODY)
    assert scene.tick().outcome is Outcome.WAITING
    scene.push("1.1.0", by=NOBODY)
    assert scene.tick().outcome is Outcome.WAITING


@pytest.mark.parametrize("by", [NOBODY, EVE])
def test_the_very_first_commit_is_judged_by_its_own_rules(by: Identity) -> None:
    scene = Scene(environment=SIGNED, signers=signers("ana@example.com"))
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0", by=by)
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.state.accepted is None
    scene.signers = signers("ana@example.com", "ben@example.com")
    scene.shared += b"# ours\n"
    scene.environment += b"# ours\n"
    scene.push("1.0.0", by=ANA)
    assert scene.tick().outcome is Outcome.WAITING
    assert "of dev/pointer.yaml is not signed" in scene.events[-1].message
    scene.repo.person_pushes({"dev/pointer.yaml": b"# ours\n" + pointer_yaml("1.0.0")}, by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_rollback_is_signed_too() -> None:
    scene = forward()
    now = scene.running()
    scene.push("1.0.0", "Back to what has holes", by=NOBODY)
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == now
    assert scene.state.condemned == frozenset()
    scene.repo.person_pushes({"dev/pointer.yaml": b"# Revert\n" + pointer_yaml("1.0.0")}, by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != now


def test_a_signed_rollback_goes_on_while_unsigned_rules_wait() -> None:
    scene = forward()
    bad = scene.running()
    more = str(scene.signers) + signers("eve@example.com")
    scene.repo.person_pushes({"allowed_signers": more.encode()}, "A key for Eve", by=NOBODY)
    assert scene.tick().outcome is Outcome.WAITING
    scene.signers = more
    scene.push("1.0.0", "Revert", by=ANA)
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() != bad
    state = scene.state
    assert state.accepted is not None
    assert state.accepted.pointer_of == scene.repo.tip()
    assert "eve@example.com" not in state.accepted.desired.signers
    begun = [event for event in scene.events if event.reason is Reason.PROGRESSING][-1]
    assert any(line.endswith("signed by ana@example.com") for line in begun.evidence)


def test_a_rollback_that_was_made_is_not_undone_by_moving_the_branch_back() -> None:
    scene = forward()
    here = scene.repo.tip()
    bad = scene.running()
    scene.signers = str(scene.signers) + signers("eve@example.com")
    scene.repo.person_pushes({"allowed_signers": scene.signers.encode()}, "A key for Eve", by=NOBODY)
    scene.push("1.0.0", "Revert", by=ANA)
    scene.tick()
    good = scene.running()
    assert good != bad
    scene.repo.rewind(here)
    for _ in range(2):
        scene.tick(TriggeredBy.MANUAL)
    assert scene.running() == good


def test_moving_the_branch_back_lets_nothing_go() -> None:
    scene = live()
    here = scene.repo.tip()
    scene.repo.person_pushes({"dev/holds.yaml": HELD.encode(), "dev/pointer.yaml": b"?"}, "Hold", by=NOBODY)
    assert scene.tick().outcome is Outcome.STALLED
    scene.repo.rewind(here)
    assert scene.tick().outcome is Outcome.WAITING
    message = scene.state.conditions[ConditionType.ADMITTED].message
    assert "no commit since what is in force changes it" in message
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.holds.holds


def test_comments_need_no_key() -> None:
    scene = live()
    keys = f"# Ask eve@example.com.\n{scene.signers}\n"
    commented = {"dev/environment.yaml": SIGNED + b"# Ask Ana.\n", "allowed_signers": keys.encode()}
    scene.repo.person_pushes(commented, "Comment", by=NOBODY)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.repo.person_pushes({"dev/pointer.yaml": pointer_yaml("1.1.0")}, by=EVE)
    assert scene.tick().outcome is Outcome.WAITING, "a comment makes nobody known"


def test_to_hold_takes_no_key_and_to_let_go_takes_one() -> None:
    scene = live()
    before = scene.running()
    scene.repo.person_pushes({"dev/holds.yaml": HELD.encode()}, "Hold", by=NOBODY)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.holds = HELD
    scene.push("1.1.0", by=ANA)
    assert scene.tick().outcome is Outcome.WAITING
    assert Reason.SIGNATURE_MISSING not in scene.reasons
    scene.repo.person_pushes({"dev/holds.yaml": None}, "Let go", by=NOBODY)
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    assert "of dev/holds.yaml is not signed" in scene.state.conditions[ConditionType.ADMITTED].message
    scene.repo.person_pushes({"dev/holds.yaml": b"apiVersion: reconciler/v1\nkind: Holds\n"}, by=BEN)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before


@pytest.mark.parametrize(("by", "held"), [(NOBODY, True), (ANA, False)])
def test_a_tip_that_cannot_be_applied_lets_go_only_if_that_is_signed(by: Identity, held: bool) -> None:
    scene = live()
    scene.holds = HELD
    scene.push("1.0.0", "Hold", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.repo.person_pushes({"dev/holds.yaml": None, "dev/pointer.yaml": b"?"}, "Let go", by=by)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.state.accepted is not None
    assert bool(scene.state.accepted.desired.holds.holds) is held


def test_a_tip_that_cannot_be_applied_holds_without_a_signature() -> None:
    scene = live()
    scene.repo.person_pushes({"dev/holds.yaml": HELD.encode(), "dev/pointer.yaml": b"?"}, "Hold", by=NOBODY)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.holds.holds


@pytest.mark.parametrize("broken", [False, True])
def test_what_nobody_may_lift_is_no_way_round_the_emergency_stop(broken: bool) -> None:
    scene = live()
    pinned = f"pins: [{{dag: two, release: {scene.state.live['two'].pointer.release}, {DECIDED}}}]\n"
    scene.holds = HEAD + pinned
    scene.push("1.0.0", "Pin", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.repo.person_pushes({"dev/holds.yaml": None}, "Unpin", by=NOBODY)
    assert scene.tick().outcome is Outcome.WAITING
    stop: dict[str, bytes | None] = {"dev/holds.yaml": f"{HEAD}suspended: {{{DECIDED}}}\n".encode()}
    scene.repo.person_pushes({**stop, "dev/pointer.yaml": b"?"} if broken else stop, "Stop", by=NOBODY)
    scene.folder.delete(pointer_key("one"), scene.folder.list()[pointer_key("one")])
    for _ in range(2):
        scene.tick()
        scene.clock.advance(60)
    assert "one" not in scene.running(), "where it is suspended nothing is put back"
    assert scene.state.accepted is not None
    held = scene.state.accepted.desired.holds
    assert (held.suspended is not None, [one.dag for one in held.pins]) == (True, ["two"])

    scene.holds = None
    scene.push("1.0.0", "Go on", by=NOBODY)
    scene.repo.person_pushes({"dev/holds.yaml": HEAD.encode()}, "Go on", by=ANA)
    scene.tick()
    assert set(scene.running()) == {"one", "two"}


def test_neither_approval_nor_broken_glass_stands_for_a_signature() -> None:
    more = b"  approval: {required: 1, from: [release-manager], breakGlass: [on-call], validHours: 24}\n"
    scene = live(more)
    before = scene.running()
    scene.push("1.1.0", by=NOBODY)
    approve(scene)
    approve(scene, by="dan@example.com", break_glass="it is late")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    scene.repo.person_pushes({"dev/pointer.yaml": b"# Seen.\n" + pointer_yaml("1.1.0")}, by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED


def test_patience_with_signatures_ends_where_that_is_wanted() -> None:
    scene = live()
    scene.environment = SIGNED + b"  patience: {source: {afterMinutes: 60, then: fail}}\n"
    scene.push("1.0.0", "Patience", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0", by=NOBODY)
    scene.tick()
    scene.clock.advance(3700)
    scene.tick()
    assert scene.state.outside is not None
    assert scene.state.outside.waiting["source"].gave_up
    assert Reason.GATE_TIMED_OUT in scene.reasons
    assert scene.tick().outcome is Outcome.WAITING
    scene.repo.person_pushes({"dev/pointer.yaml": b"# Seen.\n" + pointer_yaml("1.1.0")}, by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_rollback_that_is_signed_late_goes() -> None:
    scene = forward()
    scene.environment = SIGNED + b"  patience: {source: {afterMinutes: 60, then: fail}}\n"
    scene.push("1.1.0", "Patience", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    bad = scene.running()
    scene.push("1.0.0", "Revert", by=NOBODY)
    assert scene.tick().outcome is Outcome.WAITING
    scene.clock.advance(3700)
    scene.tick()
    assert "or sign for it" in scene.state.conditions[ConditionType.ADMITTED].message
    scene.repo.person_pushes({"dev/pointer.yaml": b"# Revert\n" + pointer_yaml("1.0.0")}, by=BEN)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != bad


def test_where_no_signatures_are_asked_for_git_is_not_asked() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.publish("1.1.0", {"one": "b"})
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.repo.calls["changes"] == 0
