"""An alarm takes a release back by one commit, made live by the ordinary tick; or says why it does not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.core.declarations import render_holds
from reconciler.core.reversal.guards import PATIENCE
from reconciler.core.reversal.ruling import LONGEST
from reconciler.engine.reverting import heard
from reconciler.engine.world import Outcome
from reconciler.model.alarm import Alarm, AlarmChange, AlarmValue
from reconciler.model.artifact import Migration, Reversibility
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.health import SignalName, Weight
from reconciler.model.holds import Holds
from reconciler.model.reason import ConditionType, Reason, Severity, TriggeredBy
from reconciler.model.state import Changes, EnvironmentState, Fence, Operation
from reconciler.model.watch import Judgement, Measurement, Tally
from tests.builders import NOW
from tests.engine.alarmed import ALARM, ANA, BAD, GOOD, KEYS, KNOWN, STACK, Alarmed
from tests.engine.scene import ENVIRONMENT_YAML, Scene, pointer_yaml

SIGNED = ENVIRONMENT_YAML + b"policy:\n  source: {signed: true}\n"


@pytest.mark.parametrize("environment", [ENVIRONMENT_YAML, SIGNED], ids=["unsigned", "signed"])
def test_an_alarm_brings_back_what_was_stable(environment: bytes) -> None:
    alarmed = Alarmed(Scene(shared=KNOWN, signers=KEYS, environment=environment))
    scene, change = alarmed.scene, alarmed.goes_off()
    said = alarmed.hear(change)

    (commit,) = alarmed.by_reverter
    assert scene.repo.tip() == commit.sha
    assert commit.sha[:10] in said
    assert commit.subject == f"Revert dev to dags 1.0.0, dbt 1.0.0, libs 1.0.0: {ALARM}"
    assert scene.repo.files(commit.sha)["dev/pointer.yaml"] == pointer_yaml("1.0.0")
    assert [one.at for one in alarmed.tip.holds.holds] == [alarmed.good.id]
    assert [one.release for one in alarmed.tip.holds.quarantine] == [alarmed.bad.id]
    revert = alarmed.revert
    assert revert is not None
    assert (revert.release, revert.to, revert.commit) == (alarmed.bad.id, alarmed.good.id, commit.sha)
    assert (revert.alarm, revert.blamed, revert.turned_at) == (ALARM, alarmed.blamed, change.at)
    assert scene.state.alarm is None
    assert [(one.environment, one.triggered_by, one.hint) for one in alarmed.queue.asked] == [
        ("dev", TriggeredBy.ALARM, commit.sha)
    ]
    reasons = scene.reasons[-2:]
    assert reasons == [Reason.REVERT_INTENDED, Reason.REVERT_COMMITTED]
    assert scene.bus.published[-1].reason is Reason.REVERT_COMMITTED

    assert alarmed.tick() is Outcome.APPLIED
    assert set(scene.running().values()) == {alarmed.good.id}
    assert alarmed.bad.id in scene.state.condemned
    assert scene.state.operation is not None
    assert scene.state.operation.triggered_by is TriggeredBy.ALARM
    scene.repo.person_pushes({"dev/pointer.yaml": pointer_yaml("1.1.0")}, by=ANA)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.reasons[-1] is Reason.REVISION_QUARANTINED
    assert set(scene.running().values()) == {alarmed.good.id}


def test_what_failed_does_not_come_back_in_another_mix() -> None:
    alarmed = Alarmed()
    scene = alarmed.scene
    alarmed._deploy("1.2.0", {"one": "worse", "two": "touched"})
    worst = Measurement(
        signal=SignalName.FAILED_RUNS, outcome=Judgement.FAILED, message="x", dags=("one", "elsewhere")
    )
    tally = Tally(severity=Weight.ERROR, outcome=Judgement.FAILED, worst=worst)
    alarmed.watch(tallies={SignalName.FAILED_RUNS: tally})
    alarmed.hear()
    assert alarmed.tick() is Outcome.APPLIED
    (quarantine,) = alarmed.tip.holds.quarantine
    assert quarantine.dags == ("one",)
    scene.holds = render_holds(Holds(quarantine=(quarantine,))).decode()
    scene.publish("1.3.0", {"one": "worse", "two": "b"}, parent="1.2.0")
    scene.push("1.3.0", by=ANA)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.state.conditions[ConditionType.STALLED].reason is Reason.REVISION_QUARANTINED
    mended = scene.publish("1.4.0", {"one": "mended", "two": "touched"}, parent="1.2.0")
    scene.push("1.4.0", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running().values()) == {mended.id}


def test_the_commit_says_in_trailers_what_it_does() -> None:
    alarmed, said = Alarmed(), list[str]()
    push = alarmed.reverter.push
    alarmed.reverter.push = lambda base, files, message, in_force: (
        said.append(message) or push(base, files, message, in_force)
    )  # type: ignore[method-assign,func-returns-value]
    alarmed.hear(alarmed.goes_off(reason="1 is > 0"))
    lines = said[0].splitlines()
    assert lines[2] == "1 is > 0"
    assert lines[4:] == [
        f"Reverts: {alarmed.blamed}",
        f"Quarantines: {alarmed.bad.id}",
        f"Release: {alarmed.good.id}",
        f"Alarm: {ALARM}",
        "Environment: dev",
    ]


def test_a_thousand_copies_make_one_commit_and_one_event() -> None:
    alarmed = Alarmed()
    change = alarmed.goes_off()
    for number in range(1000):
        alarmed.hear(change, world=alarmed.scene.world_of(f"copy-{number}"))
        if number == 500:
            assert alarmed.tick() is Outcome.APPLIED
    assert len(alarmed.by_reverter) == 1
    assert len(alarmed.told(Reason.REVERT_COMMITTED)) == 1
    assert len(alarmed.queue.asked) == 1
    assert alarmed.suppressed() == []


def test_copies_at_the_same_time_make_one_commit() -> None:
    alarmed = Alarmed()
    change = alarmed.goes_off()
    alarmed.scene.clock.sleep = lambda _: time.sleep(0.001)  # type: ignore[method-assign]

    def copy(number: int) -> str:
        return heard(alarmed.lookout(f"copy-{number}"), change)

    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(copy, range(64)))
    assert len(alarmed.by_reverter) == 1
    assert len(alarmed.told(Reason.REVERT_COMMITTED)) == 1
    assert sum("takes dev back" in one for one in said) == 1
    assert alarmed.suppressed() == []


def test_a_copy_that_was_about_to_begin_finds_it_done() -> None:
    alarmed = Alarmed()
    change, acquire = alarmed.goes_off(), alarmed.scene.store.acquire

    def overtaken(*arguments: Any) -> Any:
        alarmed.scene.store.acquire = acquire  # type: ignore[method-assign]
        alarmed.hear(change, world=alarmed.scene.world_of("another copy"))
        return acquire(*arguments)

    alarmed.scene.store.acquire = overtaken  # type: ignore[method-assign]
    alarmed.hear(change)
    assert len(alarmed.by_reverter) == 1
    assert alarmed.suppressed() == []


def test_another_alarm_of_the_same_fault_finds_it_done() -> None:
    alarmed, own = Alarmed(), "rows-dropped"
    named(alarmed, own)
    alarmed.hear()
    alarmed.hear(alarmed.goes_off(own))
    assert len(alarmed.by_reverter) == 1
    assert alarmed.suppressed() == ["AlreadyReverted"]
    assert alarmed.told(Reason.ROLLBACK_SUPPRESSED)[0].severity is Severity.INFO


def test_an_alarm_of_ones_own_takes_back_where_it_is_named() -> None:
    alarmed = Alarmed()
    alarmed.hear(alarmed.goes_off("rows-dropped"))
    alarmed.hear(alarmed.goes_off(f"{STACK}-dev-health"))
    alarmed.hear(alarmed.goes_off(f"{STACK}-prod"))
    assert alarmed.by_reverter == []
    assert alarmed.told(Reason.ROLLBACK_SUPPRESSED) == []
    assert alarmed.scene.state.alarm is None


def test_an_alarm_that_is_ok_again_takes_nothing_back() -> None:
    alarmed = Alarmed()
    change = alarmed.goes_off()
    alarmed.hear(change.model_copy(update={"value": AlarmValue.OK}))
    assert alarmed.told(Reason.ROLLBACK_SUPPRESSED) == []
    alarmed.scene.clock.advance(1)
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    alarmed.hear(change)
    assert alarmed.suppressed() == ["AlarmOver"]
    alarmed.hear(change)
    assert alarmed.suppressed() == ["AlarmOver"], "told once"


def test_a_red_alarm_from_before_reverts_nothing() -> None:
    alarmed = Alarmed()
    alarmed.goes_off()
    scene = alarmed.scene
    scene.clock.advance(60)
    alarmed.begun_at = scene.clock.now()
    scene.publish("1.2.0", GOOD, parent="1.1.0")
    scene.push("1.2.0", by=ANA)
    scene.tick()
    alarmed.watch()
    scene.clock.advance(600)
    change = alarmed.goes_off().model_copy(update={"before": AlarmValue.ALARM})
    alarmed.hear(change)
    assert alarmed.by_reverter == []
    assert alarmed.suppressed() == ["NotAttributable"]
    assert alarmed.told(Reason.ROLLBACK_SUPPRESSED)[0].severity is Severity.ERROR


def test_a_release_that_waits_at_a_gate_is_not_to_blame() -> None:
    alarmed = Alarmed()
    alarmed.watch(touched={}, live_at=None, failed_at=None)
    alarmed.hear()
    alarmed.scene.clock.advance(600)
    alarmed.watch(touched={"one": alarmed.scene.clock.now()})
    alarmed.scene.clock.advance(600)
    alarmed.look_again()
    assert alarmed.suppressed() == ["NotAttributable"]
    assert alarmed.by_reverter == [], "what rings from before it was flipped is not its doing then, either"


def test_what_is_stable_is_left_to_people() -> None:
    alarmed = Alarmed()
    alarmed.watch(stable_at=alarmed.scene.clock.now())
    alarmed.hear()
    assert alarmed.suppressed() == ["NotInBake"]
    assert alarmed.by_reverter == []


def test_a_revert_is_never_reverted() -> None:
    alarmed = Alarmed()
    alarmed.hear()
    assert alarmed.tick() is Outcome.APPLIED
    scene = alarmed.scene
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    alarmed.begun_at = scene.clock.now()
    alarmed.watch(rollback=True)
    scene.clock.advance(600)
    alarmed.hear(alarmed.goes_off())
    assert len(alarmed.by_reverter) == 1
    assert alarmed.suppressed() == ["RevertOfRevert"]


def test_a_newer_commit_is_not_undone() -> None:
    alarmed = Alarmed()
    scene = alarmed.scene
    scene.publish("1.2.0", {"one": "mended", "two": "b"}, parent="1.1.0")
    mended = scene.push("1.2.0", by=ANA)
    alarmed.hear()
    assert scene.repo.tip() == mended
    assert alarmed.suppressed() == ["TipNotToBlame"]


def test_a_newer_commit_that_is_about_something_else_does_not_matter() -> None:
    alarmed = Alarmed()
    alarmed.scene.repo.person_pushes({"prod/pointer.yaml": b"x", "dev/notes.md": b"y"}, by=ANA)
    alarmed.hear()
    assert len(alarmed.by_reverter) == 1
    assert alarmed.scene.repo.files(alarmed.scene.repo.tip())["dev/notes.md"] == b"y"


def test_a_tip_that_cannot_be_read_is_waited_for() -> None:
    alarmed = Alarmed()
    scene = alarmed.scene
    readable = scene.repo.files(scene.repo.tip())["dev/environment.yaml"]
    scene.repo.person_pushes({"dev/environment.yaml": b"oops: [\n"}, by=ANA)
    alarmed.hear()
    alarmed.look_again()
    assert (alarmed.by_reverter, alarmed.suppressed()) == ([], [])
    assert len(alarmed.told(Reason.ALARM_RECEIVED)) == 1
    scene.repo.person_pushes({"dev/environment.yaml": readable}, by=ANA)
    scene.clock.advance(60)
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1


def test_a_branch_that_was_set_back_is_left_alone_and_people_are_called() -> None:
    alarmed = Alarmed()
    alarmed.scene.repo.rewind(alarmed.scene.state.stable[0].revision)
    alarmed.hear()
    for _ in range(7):
        alarmed.scene.clock.advance(60)
        alarmed.look_again()
    told = alarmed.told(Reason.ALARM_RECEIVED)
    assert [one.severity for one in told] == [Severity.WARNING, Severity.ERROR]
    alarmed.scene.clock.advance(LONGEST.total_seconds())
    alarmed.look_again()
    assert alarmed.suppressed() == ["TipNotToBlame"]
    assert alarmed.by_reverter == []


def test_a_race_for_the_branch_is_planned_again() -> None:
    alarmed = Alarmed()
    scene, push, lost = alarmed.scene, alarmed.reverter.push, [3]

    def overtaken(base: str, files: dict[str, bytes], message: str, in_force: str) -> object:
        if lost[0]:
            lost[0] -= 1
            scene.repo.person_pushes({"dev/notes.md": str(lost[0]).encode()}, by=ANA)
        return push(base, files, message, in_force)

    alarmed.reverter.push = overtaken  # type: ignore[method-assign,assignment]
    alarmed.hear()
    assert len(alarmed.by_reverter) == 1
    assert len(alarmed.told(Reason.REVERT_INTENDED)) == 1
    assert scene.repo.files(scene.repo.tip())["dev/notes.md"] == b"0"


def test_a_race_that_the_cure_wins_takes_nothing_back() -> None:
    alarmed = Alarmed()
    scene, push = alarmed.scene, alarmed.reverter.push
    scene.publish("1.2.0", {"one": "mended", "two": "b"}, parent="1.1.0")

    def overtaken(base: str, files: dict[str, bytes], message: str, in_force: str) -> object:
        scene.push("1.2.0", by=ANA)
        return push(base, files, message, in_force)

    alarmed.reverter.push = overtaken  # type: ignore[method-assign,assignment]
    alarmed.hear()
    assert alarmed.by_reverter == []
    assert alarmed.suppressed() == ["TipNotToBlame"]
    assert alarmed.revert is None, "what was intended is taken back"


def test_a_branch_that_never_stands_still_is_looked_at_a_minute_later() -> None:
    alarmed = Alarmed()
    scene, push = alarmed.scene, alarmed.reverter.push

    def overtaken(base: str, files: dict[str, bytes], message: str, in_force: str) -> object:
        scene.repo.person_pushes({"dev/notes.md": base.encode()}, by=ANA)
        return push(base, files, message, in_force)

    alarmed.reverter.push = overtaken  # type: ignore[method-assign,assignment]
    assert "in a minute" in alarmed.hear()
    assert alarmed.reverter.calls["push"] == 5
    alarmed.reverter.push = push  # type: ignore[method-assign]
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1
    assert alarmed.look_again() == "No alarm waits."


def migrate(alarmed: Alarmed, reversibility: Reversibility) -> None:
    manifest = alarmed.scene.artifacts.manifest

    def with_migration(component: str, digest: str) -> object:
        found = manifest(component, digest)  # type: ignore[arg-type]
        new = Migration(name="V0002__drop_column.sql", reversibility=reversibility)
        return found.model_copy(update={"migrations": (new,) if found.version == "1.1.0" else ()})

    alarmed.scene.artifacts.manifest = with_migration  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("how", [Reversibility.IRREVERSIBLE, Reversibility.WITH_LOSS])
def test_what_cannot_be_taken_back_is_for_people(how: Reversibility) -> None:
    alarmed = Alarmed()
    migrate(alarmed, how)
    alarmed.hear()
    assert alarmed.suppressed() == ["MigrationIrreversible"]
    assert "V0002__drop_column.sql" in alarmed.told(Reason.ROLLBACK_SUPPRESSED)[0].message
    assert alarmed.by_reverter == []


def test_what_can_be_taken_back_is() -> None:
    alarmed = Alarmed()
    migrate(alarmed, Reversibility.REVERSIBLE)
    alarmed.hear()
    assert len(alarmed.by_reverter) == 1


def test_by_policy_all_but_the_migration_goes_back() -> None:
    spec = ENVIRONMENT_YAML + b"health: {revert: {irreversible: dags-only}}\n"
    alarmed = Alarmed(Scene(shared=KNOWN, signers=KEYS, environment=spec))
    migrate(alarmed, Reversibility.IRREVERSIBLE)
    alarmed.hear()
    assert len(alarmed.by_reverter) == 1
    assert any("V0002" in line for line in alarmed.told(Reason.REVERT_COMMITTED)[0].evidence)


def test_after_so_many_reverts_people_are_called() -> None:
    alarmed = Alarmed()
    alarmed.hear()
    assert alarmed.tick() is Outcome.APPLIED
    scene = alarmed.scene
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    scene.publish("1.2.0", {"one": "worse", "two": "b"}, parent="1.0.0")
    scene.clock.advance(3600)
    alarmed.begun_at = scene.clock.now()
    scene.push("1.2.0", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    alarmed.watch()
    scene.clock.advance(600)
    alarmed.hear(alarmed.goes_off())
    assert alarmed.suppressed() == ["BreakerOpen"]
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    scene.clock.advance(timedelta(hours=6).total_seconds())
    alarmed.hear(alarmed.goes_off())
    assert len(alarmed.by_reverter) == 2
    assert alarmed.tick() is Outcome.APPLIED
    assert set(scene.running().values()) == {alarmed.good.id}


SPECS = {
    "RevertsOff": (b"health: {revert: {automatic: false}}\n", None),
    "Suspended": (b"", "suspended: {by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}\n"),
    "Held": (b"", "holds: [{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}]\n"),
}


@pytest.mark.parametrize("why", SPECS)
def test_people_who_want_to_decide_themselves_are_asked(why: str) -> None:
    alarmed = Alarmed()
    scene, (environment, holds) = alarmed.scene, SPECS[why]
    scene.environment += environment
    scene.holds = f"apiVersion: reconciler/v1\nkind: Holds\n{holds}" if holds else None
    scene.push("1.1.0", by=ANA)
    scene.tick()
    alarmed.watch()
    alarmed.hear()
    assert alarmed.suppressed() == [why]
    assert alarmed.by_reverter == []


def test_what_somebody_just_pushed_to_stop_everything_counts() -> None:
    alarmed = Alarmed()
    alarmed.scene.holds = f"apiVersion: reconciler/v1\nkind: Holds\n{SPECS['Suspended'][1]}"
    alarmed.scene.push("1.1.0", by=ANA)
    alarmed.hear()
    assert alarmed.suppressed() == ["Suspended"]


def test_without_a_key_nothing_is_pushed() -> None:
    alarmed = Alarmed()
    alarmed.hear(reverter=None)
    assert alarmed.suppressed() == ["NoReverter"]


def test_without_an_identity_nothing_is_pushed() -> None:
    alarmed = Alarmed(Scene(signers=KEYS))
    alarmed.hear()
    assert alarmed.suppressed() == ["NoReverter"]


def test_where_nothing_was_stable_people_are_called() -> None:
    alarmed = Alarmed()
    alarmed.remember(stable=())
    alarmed.hear()
    assert alarmed.suppressed() == ["NothingStable"]


def test_a_stable_release_that_is_gone_is_none() -> None:
    alarmed = Alarmed()
    release = alarmed.scene.artifacts.release
    alarmed.scene.artifacts.release = (  # type: ignore[method-assign]
        lambda one: None if one == alarmed.good.id else release(one)
    )
    alarmed.hear()
    assert alarmed.suppressed() == ["NothingStable"]


def test_with_a_key_that_is_over_nothing_is_promised() -> None:
    over = KEYS.replace("reverter@example.com ", "reverter@example.com valid-before=20300101Z ")
    alarmed = Alarmed(Scene(shared=KNOWN, signers=over))
    alarmed.scene.clock.advance(timedelta(days=5 * 365).total_seconds())
    alarmed.watch()
    alarmed.hear()
    assert alarmed.suppressed() == ["NoReverter"]
    assert alarmed.by_reverter == []
    assert "no key in the accepted allowed_signers that is valid now" in alarmed.scene.events[-1].message


def test_in_an_environment_that_was_never_seen_nothing_happens() -> None:
    alarmed = Alarmed()
    alarmed.hear(alarmed.goes_off(f"{STACK}-staging"))
    (told,) = alarmed.scene.store.events("staging", 0, 10)
    assert told.evidence[0] == "guard: NoReverter"


def test_what_is_under_way_is_waited_for_but_not_for_long() -> None:
    alarmed = Alarmed()
    now = alarmed.scene.clock.now()
    alarmed.remember(fences={"one": Fence(opened_at=now, ours=True)})
    change = alarmed.goes_off()
    alarmed.hear(change)
    alarmed.hear(change)
    assert alarmed.scene.state.alarm is not None
    assert len(alarmed.told(Reason.ALARM_RECEIVED)) == 1
    alarmed.scene.clock.advance(60)
    alarmed.look_again()
    assert alarmed.by_reverter == []
    assert len(alarmed.told(Reason.ALARM_RECEIVED)) == 1
    alarmed.scene.clock.advance(PATIENCE.total_seconds())
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1


def test_what_has_settled_is_taken_back_a_minute_later() -> None:
    alarmed = Alarmed()
    operation = alarmed.scene.state.operation
    assert operation is not None
    running = Operation.model_validate({**operation.model_dump(), "finished_at": None})
    alarmed.remember(operation=running)
    alarmed.hear()
    assert alarmed.by_reverter == []
    alarmed.remember(operation=operation)
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1


def test_an_alarm_that_is_over_before_it_was_its_turn_takes_nothing_back() -> None:
    alarmed = Alarmed()
    alarmed.remember(fences={"one": Fence(opened_at=alarmed.scene.clock.now(), ours=True)})
    alarmed.hear()
    alarmed.scene.clock.advance(1)
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    alarmed.look_again()
    assert alarmed.suppressed() == ["AlarmOver"]
    assert alarmed.scene.state.alarm is None


def test_an_alarm_of_the_first_moments_may_be_about_what_ran_before() -> None:
    alarmed = Alarmed()
    alarmed.begun_at = alarmed.scene.clock.now()
    alarmed.watch(failed_at=None)
    alarmed.scene.clock.advance(20)
    alarmed.hear()
    assert alarmed.told(Reason.ALARM_RECEIVED)
    alarmed.alarms.turn(ALARM, AlarmValue.OK)
    alarmed.look_again()
    assert alarmed.by_reverter == []


def test_a_second_alarm_waits_behind_the_first() -> None:
    alarmed = Alarmed()
    alarmed.remember(fences={"one": Fence(opened_at=alarmed.scene.clock.now(), ours=True)})
    first = alarmed.goes_off()
    alarmed.hear(first)
    alarmed.scene.clock.advance(10)
    second = alarmed.goes_off()
    alarmed.hear(second)
    assert alarmed.scene.state.alarm is not None
    assert alarmed.scene.state.alarm.identity == first.identity
    alarmed.remember(fences={})
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1
    assert alarmed.scene.state.alarm is None
    assert set(alarmed.scene.state.heard) == {first.identity, second.identity}


def test_what_is_not_remembered_any_more_is_told() -> None:
    alarmed = Alarmed()
    alarmed.remember(fences={"one": Fence(opened_at=alarmed.scene.clock.now(), ours=True)})
    changes = []
    for _ in range(23):
        alarmed.scene.clock.advance(2)
        changes.append(alarmed.goes_off())
    for change in (*changes, *changes):
        alarmed.hear(change)
    assert alarmed.suppressed() == ["TooManyAlarms"] * 2
    told = alarmed.told(Reason.ROLLBACK_SUPPRESSED)[0]
    assert "21 alarms wait already" in told.message
    assert told.severity is Severity.ERROR


def test_a_tick_that_is_at_work_is_waited_for() -> None:
    alarmed = Alarmed()
    scene, change = alarmed.scene, alarmed.goes_off()
    lease = scene.store.acquire("dev", "tick", 150)
    sleep, until = scene.clock.sleep, scene.clock.now() + timedelta(seconds=20)

    def sleeps(seconds: float) -> None:
        sleep(seconds)
        if scene.clock.now() > until:
            scene.store.release(lease)

    scene.clock.sleep = sleeps  # type: ignore[method-assign]
    alarmed.hear(change)
    assert len(alarmed.by_reverter) == 1


def test_an_environment_that_stays_in_use_is_told_of_so_that_lambda_tries_again() -> None:
    alarmed = Alarmed()
    scene, change = alarmed.scene, alarmed.goes_off()
    lease = scene.store.acquire("dev", "tick", 150)
    before = scene.clock.now()
    with pytest.raises(Transient, match="in use"):
        alarmed.hear(change)
    assert 60 <= (scene.clock.now() - before).total_seconds() < 70
    scene.store.release(lease)
    alarmed.hear(change)
    assert len(alarmed.by_reverter) == 1


def test_each_minutes_look_leaves_an_environment_in_use_to_the_next() -> None:
    alarmed = Alarmed()
    alarmed.remember(fences={"one": Fence(opened_at=alarmed.scene.clock.now(), ours=True)})
    alarmed.hear()
    alarmed.remember(fences={})
    lease = alarmed.scene.store.acquire("dev", "tick", 150)
    before = alarmed.scene.clock.now()
    assert "looked at again" in alarmed.look_again()
    assert (alarmed.scene.clock.now() - before).total_seconds() < 10
    alarmed.scene.store.release(lease)
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1


def test_where_git_does_not_answer_the_alarm_stays_open() -> None:
    alarmed = Alarmed()
    change = alarmed.goes_off()
    alarmed.scene.repo.fail_next("tip", Transient("No answer."))
    with pytest.raises(Transient):
        alarmed.hear(change)
    assert alarmed.scene.state.alarm is not None
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1
    assert alarmed.hear(change) == f"dev: {ALARM} was acted on before."


def test_a_push_that_is_refused_is_tried_again_and_told_to_people() -> None:
    alarmed = Alarmed()
    push, tries = alarmed.reverter.push, [0]

    def refused(*_: object) -> object:
        tries[0] += 1
        raise Terminal(f"The branch is protected, request {tries[0]}.", "Let the reverter push.")

    alarmed.reverter.push = refused  # type: ignore[method-assign,assignment]
    alarmed.hear()
    for _ in range(8):
        alarmed.scene.clock.advance(60)
        alarmed.look_again()
    told = alarmed.told(Reason.ALARM_RECEIVED)
    assert [one.severity for one in told] == [Severity.WARNING, Severity.ERROR], "each told once"
    assert all("Let the reverter push" in one.message for one in told)
    assert alarmed.suppressed() == []
    alarmed.reverter.push = push  # type: ignore[method-assign]
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1
    assert len(alarmed.told(Reason.REVERT_INTENDED)) == 1


def test_what_is_refused_for_hours_is_given_up() -> None:
    alarmed = Alarmed()
    alarmed.reverter.fail_next("push", Terminal("The branch is protected.", "Let the reverter push."))
    alarmed.hear()
    alarmed.scene.clock.advance(LONGEST.total_seconds())
    alarmed.reverter.fail_next("push", Terminal("The branch is protected.", "Let the reverter push."))
    alarmed.look_again()
    assert alarmed.suppressed() == ["CannotCommit"]
    assert alarmed.revert is None
    assert alarmed.scene.state.alarm is None


def test_an_answer_from_before_the_alarm_is_not_its_end() -> None:
    alarmed = Alarmed()
    own = "rows-dropped"
    named(alarmed, own)
    find, change = alarmed.alarms.find, alarmed.goes_off(own)
    alarmed.alarms.find = lambda name: _older(find(name)) if name == own else find(name)  # type: ignore[method-assign]
    alarmed.hear(change)
    assert alarmed.scene.state.alarm is not None
    alarmed.hear(alarmed.goes_off())
    assert len(alarmed.by_reverter) == 1, "another need not wait for it"
    alarmed.alarms.find = find  # type: ignore[method-assign]
    alarmed.look_again()
    assert alarmed.suppressed() == ["AlreadyReverted"]


def _older(alarm: Alarm | None) -> Alarm | None:
    return alarm.model_copy(update={"value": AlarmValue.OK}) if alarm is not None else None


def test_a_queue_that_does_not_answer_costs_a_minute() -> None:
    alarmed = Alarmed()
    alarmed.queue.fail_next("request", Transient("No answer."))
    alarmed.hear()
    assert len(alarmed.by_reverter) == 1


def test_the_lease_is_free_before_a_tick_is_asked_for() -> None:
    alarmed, request = Alarmed(), MemoryFree()
    request.alarmed = alarmed
    alarmed.hear(queue=request)
    assert request.asked


class MemoryFree:
    """A queue whose tick begins at once."""

    alarmed: Alarmed
    asked = False

    def request(self, *_: object, **__: object) -> None:
        self.asked = True
        assert self.alarmed.tick() is Outcome.APPLIED


def test_a_lease_that_is_lost_is_told_of_so_that_lambda_tries_again() -> None:
    alarmed = Alarmed()
    change = alarmed.goes_off()
    alarmed.scene.store.fail_next("commit", Conflict("Lost."))
    with pytest.raises(Transient):
        alarmed.hear(change)
    alarmed.hear(change)
    assert len(alarmed.by_reverter) == 1


def test_a_frozen_environment_that_asks_for_approval_goes_back_at_once() -> None:
    asks = (
        b"policy:\n  approval: {required: 1, from: [boss]}\n"
        b"  windows: {freeze: [{name: always, start: 2026-01-01T00:00:00, hours: 8000}]}\n"
    )
    alarmed = Alarmed()
    scene = alarmed.scene
    scene.shared += b"roles: {boss: [ben@example.com]}\n"
    scene.environment += asks
    scene.push("1.1.0", by=ANA)
    scene.tick()
    alarmed.watch()
    alarmed.hear()
    assert alarmed.tick() is Outcome.APPLIED
    assert set(scene.running().values()) == {alarmed.good.id}


def test_lifting_the_revert_takes_a_person_and_an_approval() -> None:
    alarmed = Alarmed()
    scene = alarmed.scene
    alarmed.hear()
    alarmed.tick()
    scene.holds = None
    scene.publish("1.1.1", {**BAD, "one": "B"}, parent="1.1.0")
    scene.push("1.1.0", by=ANA)
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running().values()) == {alarmed.bad.id, alarmed.good.id}


def test_one_alarm_of_two_environments_is_looked_at_in_both() -> None:
    alarmed = Alarmed()
    scene, own = alarmed.scene, "warehouse-is-down"
    named(alarmed, own)
    lease = scene.store.acquire("staging", "test", 150)
    elsewhere = scene.state.model_copy(update={"environment": "staging", "watch": None})
    scene.store.commit(lease, Changes(state=elsewhere))
    scene.store.release(lease)
    change, lease = alarmed.goes_off(own), scene.store.acquire("dev", "test", 150)
    with pytest.raises(Transient, match="dev was in use"):
        alarmed.hear(change)
    told = [one.evidence[0] for one in scene.store.events("staging", 0, 10) if one.evidence]
    assert told == ["guard: NothingWatched"], "one that is in use does not hold up the other"
    scene.store.release(lease)
    alarmed.hear(change)
    assert len(alarmed.by_reverter) == 1


def test_without_a_name_of_the_stack_no_alarm_is_its_own() -> None:
    alarmed = Alarmed()
    assert "takes nothing back in any" in alarmed.hear(alarmed.goes_off("-dev"), stack="")


def lost(alarmed: Alarmed, name: str = ALARM) -> AlarmChange:
    """An alarm goes off, and whoever tells us of it never gets through."""
    change = alarmed.goes_off(name)
    for _ in range(3):
        alarmed.scene.store.fail_next("acquire", Transient("Throttled."))
        with pytest.raises(Transient):
            alarmed.hear(change)
    assert alarmed.scene.state.alarm is None
    return change


def test_an_alarm_of_ones_own_that_looks_back_further_does_not_blame_the_newest() -> None:
    alarmed, own = Alarmed(), "rows-dropped"
    alarmed.alarms.windows[own] = timedelta(minutes=15)
    named(alarmed, own, failed_at=None)
    alarmed.hear(alarmed.goes_off(own))
    assert alarmed.suppressed() == ["NotAttributable"]
    assert "looks back 15 minutes, and went off 10 minutes" in alarmed.scene.events[-1].message


def test_an_alarm_that_nobody_could_tell_of_is_found_by_each_minutes_look() -> None:
    alarmed = Alarmed()
    change = lost(alarmed)
    alarmed.look_again()
    assert len(alarmed.by_reverter) == 1
    late = change.model_copy(update={"at": change.at + timedelta(milliseconds=400)})
    assert alarmed.hear(late) == f"dev: {ALARM} was acted on before.", "told at last, less exactly"
    assert alarmed.look_again() == "No alarm waits."
    assert alarmed.alarms.calls["ringing"] == 1


def test_an_alarm_of_ones_own_that_nobody_told_of_is_found_within_minutes() -> None:
    alarmed = Alarmed()
    named(alarmed, "rows-dropped", failed_at=None)
    lost(alarmed, "rows-dropped")
    for _ in range(5):
        alarmed.scene.clock.advance(60)
        alarmed.look_again()
    assert len(alarmed.by_reverter) == 1
    assert alarmed.alarms.calls["ringing"] == 1


def test_what_was_decided_about_is_not_found_again() -> None:
    alarmed = Alarmed()
    alarmed.scene.publish("1.2.0", {"one": "mended", "two": "b"}, parent="1.1.0")
    alarmed.scene.push("1.2.0", by=ANA)
    alarmed.hear()
    for _ in range(3):
        alarmed.scene.clock.advance(60)
        assert alarmed.look_again() == "No alarm waits."
    assert alarmed.suppressed() == ["TipNotToBlame"]


@pytest.mark.parametrize("update", [{"failed_at": None}, {"stable_at": NOW}], ids=["well", "Stable"])
def test_nobody_asks_for_alarms_while_nothing_is_wrong(update: dict[str, Any]) -> None:
    alarmed = Alarmed()
    alarmed.watch(**update)
    alarmed.goes_off()
    for _ in range(6):
        alarmed.scene.clock.advance(60)
        assert alarmed.look_again() == "No alarm waits."
    assert alarmed.alarms.calls["ringing"] == 0


def named(alarmed: Alarmed, own: str, **update: Any) -> None:
    """An alarm of one's own that may take something back, and is OK when a release is begun."""
    scene = alarmed.scene
    scene.environment = ENVIRONMENT_YAML + f"health: {{revert: {{alarms: [{own}]}}}}\n".encode()
    scene.push("1.1.0", by=ANA)
    scene.tick()
    alarmed.alarms.turn(own, AlarmValue.OK)
    alarmed.begun_at = scene.clock.now()
    alarmed.watch(**update)
    scene.clock.advance(600)


def test_an_environment_whose_memory_cannot_be_read_holds_up_no_other() -> None:
    alarmed = Alarmed()
    load, world = alarmed.scene.store.load, alarmed.scene.world_of("on-alarm")

    def loads(name: str) -> EnvironmentState:
        if name != "dev":
            raise Terminal(f"What is remembered of {name} cannot be read.", "")
        return load(name)

    alarmed.scene.store.load = loads  # type: ignore[method-assign]
    with pytest.raises(Terminal, match="staging"):
        alarmed.hear(world=replace(world, environments=("staging", "dev")))
    assert len(alarmed.by_reverter) == 1


def test_the_hold_and_the_quarantine_say_what_failed() -> None:
    alarmed = Alarmed()
    worst = Measurement(
        signal=SignalName.FAILED_RUNS,
        outcome=Judgement.FAILED,
        message="one fails more often.",
        dags=("one",),
    )
    tally = Tally(severity=Weight.ERROR, outcome=Judgement.FAILED, worst=worst)
    alarmed.watch(tallies={SignalName.FAILED_RUNS: tally})
    alarmed.hear(alarmed.goes_off(reason="Threshold Crossed: 1 datapoint"))
    (held,), (bad,) = alarmed.tip.holds.holds, alarmed.tip.holds.quarantine
    why = f"failed-runs: one fails more often (alarm {ALARM})"
    assert (held.reason, bad.reason) == (f"gone back to by an alarm. {why}", f"it set off an alarm. {why}")
    told = alarmed.told(Reason.REVERT_COMMITTED)[-1].message
    assert '`reconciler release dev --reason "<why>"`' in told
    assert "would deploy the bad release again" in told
