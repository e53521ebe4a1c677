"""A change that needs approval is not begun before it has it, whatever it would do to the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.adapters.git_rules import Identity
from reconciler.core.pointer_file import pointer_key
from reconciler.engine.world import Outcome
from reconciler.model.errors import Terminal
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Phase, Reason, Severity
from reconciler.model.release import ReleaseManifest
from reconciler.model.verdict import Decision
from tests.builders import EACH_MINUTE
from tests.engine.approving import ANA, ASKS, BEN, ROLES, approve, live
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, Scene, pointer_yaml
from tests.signers import TYPE, key, signers

DAY = timedelta(days=1).total_seconds()


def test_nothing_is_begun_before_it_is_approved_and_then_it_goes_by_itself() -> None:
    scene = live()
    before, past = scene.running(), scene.state.past
    tip = scene.push("1.1.0")
    for _ in range(3):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    state = scene.state
    assert (scene.running(), state.past) == (before, past)
    assert state.accepted is not None
    assert state.accepted.revision != tip
    assert scene.reasons.count(Reason.APPROVAL_PENDING) == 1
    condition = state.conditions[ConditionType.ADMITTED]
    assert (condition.status, condition.observed_revision) == (False, tip)
    assert state.outside is not None
    assert (state.outside.revision, state.gates) == (tip, ())
    gates = {gate.gate: gate.decision for gate in state.outside.gates}
    assert gates.pop("approval") is Decision.WAIT
    assert set(gates) >= {"window", "hold", "in-flight", "busy"}

    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    state = scene.state
    assert scene.running() != before
    assert (state.gates, state.outside) == ((), None)
    assert state.conditions[ConditionType.ADMITTED].status is True
    assert state.operation is not None
    (approval,) = state.operation.approvals
    assert approval.startswith("approved by ben@example.com at ")
    assert "after it was approved" in scene.events[-1].message
    assert scene.reasons.count(Reason.APPROVED) == 2


def test_the_author_of_the_commit_is_refused() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene, by=ANA.email)
    assert scene.tick().outcome is Outcome.WAITING
    assert "nobody approves what they made themselves" in scene.events[-1].message


def test_the_author_of_the_code_is_refused_also_if_another_commits_the_version() -> None:
    scene = live()
    scene.publish("1.2.0", {"one": "AA"}, parent="1.1.0", authors=("Ben <ben@example.com>",))
    scene.push("1.2.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.WAITING
    assert "Ben <ben@example.com>" in scene.events[-1].message


def test_authors_of_what_runs_already_may_approve() -> None:
    scene = live()
    scene.publish("1.2.0", {"one": "AA"}, parent="1.1.0")
    scene.push("1.1.0", by=BEN)
    approve(scene, by=ANA.email)
    assert scene.tick().outcome is Outcome.WAITING  # Ana wrote the code of 1.1.0
    scene.push("1.0.0", "Back")
    scene.tick()
    scene.push("1.1.0", by=ANA)
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED


def test_an_approval_outlives_commits_that_ask_for_the_same() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.repo.person_pushes({"other/pointer.yaml": b"x"}, "Something else")
    assert scene.tick().outcome is Outcome.APPLIED


def test_an_approval_is_void_for_any_other_change() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.publish("1.2.0", {"one": "evil"}, parent="1.1.0")
    scene.push("1.2.0")
    assert scene.tick().outcome is Outcome.WAITING
    assert "another change" in scene.events[-1].message


def test_an_approval_that_was_used_is_not_used_again() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0", "Again")
    assert scene.tick().outcome is Outcome.WAITING


def test_a_rollback_needs_nobody() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.tick()
    bad = scene.running()
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != bad


def test_a_release_that_was_never_approved_is_no_rollback() -> None:
    scene = live()
    before = scene.running()
    scene.publish("1.2.0", {"one": "AAA"}, parent="1.1.0")
    for version in ("1.1.0", "1.2.0", "1.1.0"):
        scene.push(version)
        assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before


def test_a_release_that_failed_is_no_rollback() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.airflow.unparsed.add("one")
    assert scene.tick().outcome is Outcome.FAILED
    scene.airflow.unparsed.clear()
    scene.publish("1.2.0", {"one": "AAA"}, parent="1.1.0")
    scene.push("1.2.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    before = scene.running()
    scene.push("1.1.0", "Again")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before


@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_quarantined_needs_approval_also_when_that_is_lifted(at_once: bool) -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.tick()
    bad = scene.state.past[0]
    scene.publish("1.2.0", {"one": "AAA", "two": "b"}, parent="1.1.0")
    scene.push("1.2.0")
    approve(scene)
    scene.tick()
    scene.holds = (
        "apiVersion: reconciler/v1\nkind: Holds\n"
        f"quarantine: [{{by: Ana, since: 2026-03-01T00:00:00Z, reason: bad, release: {bad}}}]\n"
    )
    scene.push("1.2.0", "Quarantine 1.1.0")
    assert scene.tick().outcome is Outcome.APPLIED
    before = scene.running()
    scene.holds = None
    if not at_once:
        scene.push("1.2.0", "Lift it")
        assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0", "Back to it")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before


@pytest.mark.parametrize(
    ("file", "body"),
    [
        ("dev/environment.yaml", ENVIRONMENT_YAML),
        ("dev/environment.yaml", (ENVIRONMENT_YAML + ASKS).replace(b"syncSeconds: 5", b"syncSeconds: 0")),
        ("reconciler.yaml", RECONCILER_YAML + ROLES.replace(b"ben@", b"dan@")),
        ("allowed_signers", signers("ana@example.com,ben@example.com", "dan@example.com").encode()),
    ],
)
def test_rules_change_only_when_that_is_approved(file: str, body: bytes) -> None:
    scene = live()
    before = scene.state.applied
    scene.repo.person_pushes({file: body}, "Other rules")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.state.applied == before
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED


def test_other_rules_are_told_with_who_made_and_who_approved_them_and_are_an_attempt() -> None:
    scene = live()
    before = scene.state.operation
    assert before is not None
    known = scene.reasons.count(Reason.RULES_CHANGED)
    more = RECONCILER_YAML + ROLES.replace(b"[dan@", b"[ben@example.com, dan@")
    tip = scene.repo.person_pushes({"reconciler.yaml": more}, "Ben on call")
    scene.tick()
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    (told,) = [event for event in scene.events if event.reason is Reason.RULES_CHANGED][known:]
    assert told.severity is Severity.WARNING
    assert told.message.startswith(
        "Other rules are in force in dev: roles.on-call: + ben@example.com. "
        f"Commit {tip[:10]} by Ana <ana@example.com> (Ben on call); approved by ben@example.com at "
    )
    attempt = scene.state.operation
    assert attempt is not None
    assert (attempt.attempt, attempt.revision, told.attempt) == (before.attempt + 1, tip, attempt.attempt)
    assert (attempt.phase, attempt.approved_by) == (Phase.SUCCEEDED, ("ben@example.com",))
    assert attempt.rules == ("roles.on-call: + ben@example.com",)
    scene.tick()
    assert scene.state.operation == attempt


def test_rules_that_come_with_versions_are_told_too() -> None:
    scene = live()
    scene.environment = scene.environment.replace(b"validHours: 24", b"validHours: 48")
    scene.push("1.1.0", "Both")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    (told,) = [event for event in scene.events if event.reason is Reason.RULES_CHANGED]
    assert "policy.approval.validHours: 24.0 → 48.0" in told.message
    (newest, *_) = scene.store.operations("dev", 5)
    assert (newest.attempt, newest.rules) == (2, ("policy.approval.validHours: 24.0 → 48.0",))


def test_a_commit_that_changes_no_rules_tells_of_none() -> None:
    scene = live()
    scene.repo.person_pushes({"notes.md": b"x"}, "Notes")
    scene.tick()
    assert Reason.RULES_CHANGED not in scene.reasons
    assert len(scene.store.operations("dev", 5)) == 1


def test_after_too_many_commits_it_helps_to_say_again_what_is_in_force() -> None:
    scene = live()
    between = scene.repo.between

    def few(since: str | None, until: str) -> Sequence[str]:
        found = between(since, until)
        if len(found) > 3:
            raise Terminal("Over 3 commits wait to be looked through, more than is sane.", "See above.")
        return found

    scene.repo.between = few  # type: ignore[method-assign]
    for number in range(4):
        scene.push("1.1.0", f"Bump {number}")
    assert scene.tick().outcome is Outcome.STALLED
    scene.push("1.0.0", "As it is in force")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0", "Again")
    assert scene.tick().outcome is Outcome.WAITING
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED


def test_where_nobody_is_left_to_approve_it_is_said_what_to_do_and_that_helps() -> None:
    scene = live()
    scene.publish("1.2.0", {"one": "AA"}, parent="1.0.0", authors=("Ben <ben@example.com>",))
    scene.push("1.2.0")
    assert scene.tick().outcome is Outcome.WAITING
    message = scene.state.conditions[ConditionType.ADMITTED].message
    assert "Nobody is left who can: ana@example.com, ben@example.com had part in it." in message
    assert "Or revert it, give somebody the role by a commit of its own" in message

    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.shared = RECONCILER_YAML + ROLES.replace(b"manager: [", b"manager: [dan@example.com, ")
    scene.push("1.0.0", "Dan may release")
    assert scene.tick().outcome is Outcome.WAITING
    assert "ben@example.com can give it." in scene.state.conditions[ConditionType.ADMITTED].message
    approve(scene, by=BEN.email)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.2.0", "Again")
    assert scene.tick().outcome is Outcome.WAITING
    assert "dan@example.com can give it." in scene.state.conditions[ConditionType.ADMITTED].message
    approve(scene, by="dan@example.com")
    assert scene.tick().outcome is Outcome.APPLIED


ROTATED = f'ben@example.com,ben@home.example valid-before="20260401" {TYPE} {key("old")}\n'
"""Ben's first key, which has run out by now."""


def rotated(more: str, asks: bytes = ASKS, roles: bytes = ROLES) -> Scene:
    """1.0.0 waits where Ben's first key has run out; ``more``: the lines below it."""
    scene = Scene(environment=ENVIRONMENT_YAML + asks, shared=RECONCILER_YAML + roles)
    scene.signers = f"{ROTATED}{more}{signers('ana@example.com', 'dan@example.com')}"
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0", by=Identity("Eve", "eve@example.com"))
    return scene


BEN_NOW = f"ben@example.com {TYPE} {key('new')}\n"


@pytest.mark.parametrize("part", ["the code", "the commit", "the signature"])
def test_whose_old_key_has_run_out_is_the_same_person_still(part: str) -> None:
    scene = rotated(BEN_NOW)
    approve(scene, by=BEN.email)
    assert scene.tick().outcome is Outcome.APPLIED
    home = Identity("Ben", "ben@home.example")
    by = {"the commit": home, "the signature": replace(ANA, key=home.email)}
    scene.publish("1.1.0", {"one": "A"}, parent="1.0.0", authors=(str(home if part == "the code" else ANA),))
    scene.push("1.1.0", by=by.get(part, ANA))
    approve(scene, by=BEN.email)
    assert scene.tick().outcome is Outcome.WAITING
    assert "nobody approves what they made themselves" in scene.events[-1].message


def test_nobody_counts_twice_when_a_key_of_theirs_has_run_out() -> None:
    both = ROLES.replace(b"ben@example.com", b"ben@example.com, ben@home.example")
    more = f"{BEN_NOW}ben@home.example {TYPE} {key('another')}\n"
    scene = rotated(more, ASKS.replace(b"required: 1", b"required: 2"), both)
    for who in ("ben@example.com", "ben@home.example"):
        approve(scene, by=who)
    assert scene.tick().outcome is Outcome.WAITING
    assert "Waits for the approval of 1 person" in scene.events[-1].message


def test_runs_are_lost_only_when_that_is_approved() -> None:
    scene = live()
    scene.calendars["one"] = EACH_MINUTE
    scene.publish("1.2.0", {"one": "A", "two": "b"}, parent="1.1.0")
    scene.push("1.2.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.calendars["one"] = EACH_MINUTE | {"timetable expression": '"0 * * * *"'}
    scene.publish("1.3.0", {"one": "B", "two": "b"}, parent="1.2.0")
    scene.push("1.3.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.WAITING
    assert Reason.RUNS_WOULD_BE_LOST in scene.reasons
    before = scene.running()
    body = pointer_yaml("1.3.0") + b"losesRuns: [one]\n"
    scene.repo.person_pushes({"dev/pointer.yaml": body}, "Once an hour is enough")
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before
    scene.push("1.3.0", "That is over")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.repo.person_pushes({"dev/pointer.yaml": body}, "Once more")
    assert scene.tick().outcome is Outcome.WAITING


def test_a_commit_that_drops_the_gate_is_judged_by_it() -> None:
    scene = live()
    before = scene.running()
    scene.environment, scene.signers = ENVIRONMENT_YAML, signers("eve@example.com")
    scene.shared = RECONCILER_YAML
    scene.push("1.1.0", "No more approvals")
    approve(scene, by="eve@example.com")
    assert scene.tick().outcome is Outcome.WAITING
    assert "allowed_signers has not" in scene.events[-1].message
    assert scene.running() == before


def test_what_is_not_approved_says_nothing_of_where_airflow_is() -> None:
    scene = live()
    asked: list[str] = []
    scene.world = scene.world_of("tick")
    target = scene.world.target
    object.__setattr__(
        scene.world,
        "target",
        lambda environment: asked.append(environment.airflow.api.http.url) or target(environment),
    )
    scene.environment = (ENVIRONMENT_YAML + ASKS).replace(b"127.0.0.1:8080", b"evil.example.com")
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.WAITING
    assert set(asked) == {"http://127.0.0.1:8080"}


def test_what_gates_say_of_what_is_under_way_is_kept_while_another_change_waits_for_people() -> None:
    scene = live()
    scene.publish("2.0.0", {"one": "wider: a", "two": "b"}, parent="1.0.0")
    run = DagRun(dag_id="one", run_id="r", state="running", run_type="manual", started_at=scene.clock.now())
    scene.airflow.set_runs(run)
    scene.push("2.0.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.WAITING
    scene.publish("2.1.0", {"one": "a", "two": "B"}, parent="2.0.0")
    tip = scene.push("2.1.0")
    assert scene.tick().outcome is Outcome.WAITING
    closed = {one.gate: one.dag_ids for one in scene.state.gates if one.decision is not Decision.GO}
    assert closed == {"in-flight": ("one",)}
    assert scene.state.outside is not None
    assert scene.state.outside.revision == tip
    assert [one.gate for one in scene.state.outside.gates if one.decision is not Decision.GO] == ["approval"]
    scene.airflow.set_runs()
    scene.tick()
    assert scene.state.gates == ()
    assert scene.state.outside is not None


def test_drift_is_put_back_while_a_change_waits_for_people() -> None:
    scene = live()
    scene.push("1.1.0")
    scene.tick()
    scene.folder.delete(pointer_key("two"), scene.folder.list()[pointer_key("two")])
    assert scene.tick().outcome is Outcome.WAITING
    assert set(scene.running()) == {"one", "two"}
    assert Reason.DRIFT_DETECTED in scene.reasons


def test_a_hold_needs_nobody() -> None:
    scene = live()
    scene.holds = (
        "apiVersion: reconciler/v1\nkind: Holds\n"
        "holds: [{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}]\n"
    )
    scene.push("1.0.0", "Hold")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.holds.holds


def test_an_approval_expires_only_while_it_is_not_used() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.clock.advance(DAY + 60)
    assert scene.tick().outcome is Outcome.WAITING
    assert "expired" in scene.events[-1].message
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.clock.advance(2 * DAY)
    scene.repo.person_pushes({"notes.md": b"x"}, "Notes")
    assert scene.tick().outcome is Outcome.APPLIED


def test_broken_glass_is_told_loudly() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene, by="dan@example.com", break_glass="the ledger is wrong")
    assert scene.tick().outcome is Outcome.APPLIED
    told = next(event for event in scene.events if event.reason is Reason.BREAK_GLASS_USED)
    assert told.severity is Severity.ERROR
    assert "the ledger is wrong" in told.message
    assert scene.state.operation is not None
    assert "the ledger is wrong" in scene.state.operation.approvals[0]


def test_a_tip_that_is_mended_and_waits_is_no_longer_stalled() -> None:
    scene = live()
    scene.push("9.9.9")
    assert scene.tick().outcome is Outcome.STALLED
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.state.conditions[ConditionType.STALLED].status is False
    assert scene.state.last_attempted_revision == scene.repo.tip()


def test_a_rollback_goes_on_while_other_rules_wait_for_people() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.tick()
    bad = scene.running()
    more = signers("ana@example.com", "ben@example.com", "dan@example.com", "eve@example.com")
    scene.repo.person_pushes({"allowed_signers": more.encode()}, "A key for Eve")
    assert scene.tick().outcome is Outcome.WAITING
    scene.signers = more
    scene.push("1.0.0", "Revert")
    for _ in range(3):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    good = scene.running()
    assert good != bad
    state = scene.state
    assert state.accepted is not None
    assert (state.accepted.release, state.accepted.desired.signers) == (
        state.past[0],
        signers("ana@example.com", "ben@example.com", "dan@example.com"),
    )
    assert state.conditions[ConditionType.ADMITTED].status is False
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.signers == more
    assert scene.running() == good
    told = [event for event in scene.events if event.reason is Reason.RULES_CHANGED]
    assert len(told) == 1
    assert "signers: + eve@example.com ssh-ed25519" in told[0].message


def test_an_approval_of_an_earlier_time_is_of_another_change() -> None:
    scene = live()
    first = scene.push("1.1.0")
    approve(scene)
    old = dict(scene.repo.tags)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    again = scene.push("1.1.0", "Again")
    # As if the commit that was approved had come into the range again, by a merge.
    for name, tag in old.items():
        moved = name.replace(first, again)
        scene.repo.tags[moved] = tag.model_copy(
            update={
                "name": moved,
                "signed_name": moved,
                "commit": again if tag.commit == first else tag.commit,
            }
        )
    assert scene.tick().outcome is Outcome.WAITING
    assert "another change" in scene.events[-1].message


def test_only_what_lies_between_two_versions_is_read() -> None:
    scene = live()
    for number in range(1, 30):
        author = "Ben <ben@example.com>" if number == 1 else "Ana <ana@example.com>"
        parent = f"1.1.{number - 1}"
        scene.publish(f"1.1.{number}", {"one": f"{number}"}, parent=parent, authors=(author,))
    scene.push("1.1.28")
    approve(scene, break_glass="to get there", by="dan@example.com")
    scene.tick()
    scene.push("1.1.29")
    approve(scene)
    scene.artifacts.calls.clear()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.artifacts.calls["manifest"] <= 12


def test_what_is_gone_from_the_store_does_not_hold_up_what_is_new() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.tick()
    scene.publish("1.2.0", {"one": "AA"}, parent="0.9.0")
    scene.push("1.2.0")
    assert scene.tick().outcome is Outcome.WAITING
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED


def test_two_broken_glasses_are_told_twice() -> None:
    scene = live()
    for version, parent in (("1.2.0", "1.1.0"), ("1.3.0", "1.2.0")):
        scene.publish(version, {"one": version}, parent=parent)
        scene.push(version)
        approve(scene, by="dan@example.com", break_glass="urgent")
        assert scene.tick().outcome is Outcome.APPLIED
    assert scene.reasons.count(Reason.BREAK_GLASS_USED) == 2


def test_going_back_from_what_airflow_rejected_again_is_a_rollback() -> None:
    scene = live()
    scene.push("1.1.0")
    approve(scene)
    scene.tick()
    assert scene.state.past[0] == scene.state.live["one"].pointer.release
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_release_that_is_not_what_its_id_says_is_refused() -> None:
    scene = live()
    scene.push("1.1.0")
    known = scene.artifacts.release

    def forged(release_id: str) -> ReleaseManifest | None:
        found = known(release_id)
        other = {part: "f" * 64 for part in found.components} if found is not None else {}
        return found.model_copy(update={"components": other}) if found is not None else None

    scene.artifacts.release = forged  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.STALLED
    assert "of other artifacts" in scene.events[-1].message


def test_of_a_step_back_only_what_lies_between_counts_too() -> None:
    scene = live()
    for number in range(1, 12):
        author = {1: "Ben <ben@example.com>", 11: "Dan <dan@example.com>"}.get(
            number, "Ana <ana@example.com>"
        )
        body = {"one": f"{number}"}
        scene.publish(f"1.1.{number}", body, parent=f"1.1.{number - 1}", authors=(author,))
    scene.push("1.1.11")
    approve(scene, break_glass="to get there", by="dan@example.com")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.10", "A step back, to what was never here")
    scene.artifacts.calls.clear()
    scene.tick()
    assert scene.artifacts.calls["manifest"] <= 12
    told = next(event for event in reversed(scene.events) if event.reason is Reason.APPROVAL_PENDING)
    assert "Dan <dan@example.com>" in told.message
    assert "Ben <ben@example.com>" not in told.message
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED


def test_who_wrote_what_is_not_guessed_when_what_is_in_force_is_lost() -> None:
    scene = live()
    scene.push("1.1.0")
    lost, known = scene.state.past[0], scene.artifacts.release
    scene.artifacts.release = lambda one: None if one == lost else known(one)  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.STALLED
    assert "no longer in the artifact store" in scene.events[-1].message
