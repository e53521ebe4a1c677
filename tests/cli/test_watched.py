"""What people see of a release that is watched, and of one that was taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.cli.output import when
from reconciler.core.findings import Finding, News, event_of, with_conditions
from reconciler.core.verification.telling import waits_for
from reconciler.model.health import SignalName, Weight
from reconciler.model.holds import Quarantined
from reconciler.model.reason import ConditionType, Reason
from reconciler.model.state import Changes, EnvironmentState
from reconciler.model.watch import Judgement, Measurement, OpenAlarm, Rehearsal, Stable, Tally, Watch
from tests.cli.desk import Desk
from tests.engine.after_a_revert import Reverted
from tests.engine.test_promotion import Two

MINUTE = timedelta(minutes=1)
ILL = Measurement(
    signal=SignalName.FAILED_RUNS, outcome=Judgement.FAILED, message="3 of 4 runs of one failed."
)


def sat_down(after: Reverted) -> Desk:
    """Somebody at a keyboard in front of what became of a bad release."""
    desk = Desk()
    desk.scene = desk.platform.scene = after.scene
    return desk


def facts(desk: Desk) -> dict[str, str]:
    """What ``status`` tells, by name."""
    lines = desk.run("status", "dev").out.splitlines()
    pairs = (line.split("  ", 1) for line in lines if "  " in line and not line.startswith("!"))
    return {name: value.strip() for name, value in pairs}


def watch(after: Reverted, **more: object) -> Watch:
    """1.1.0 is live for 12 minutes; one of its two changed DAGs has run."""
    now = after.scene.clock.now()
    known = Watch(
        release=after.bad,
        revision=after.blamed,
        attempt=2,
        begun_at=after.since,
        live_at=now - 12 * MINUTE,
        touched={"one": after.since, "two": after.since},
        ran={"one": 4},
        checked_at=now,
        tallies={SignalName.DAGS_PRESENT: Tally(severity=Weight.ERROR, outcome=Judgement.SUCCEEDED)},
    )
    return known.model_copy(update=more)


def put(after: Reverted, **update: object) -> None:
    after.set(lambda state: state.model_copy(update=update))


def test_a_bake_is_shown_with_its_minutes_and_runs() -> None:
    after = Reverted()
    put(after, watch=watch(after), stable=(Stable(release=after.good, revision="a" * 40, at=after.since),))
    desk = sat_down(after)
    shown = facts(desk)
    assert shown["Bake"] == "Baking 12/30 min, runs 1/2"
    assert shown["Signals"].startswith("1 well, looked at ")
    assert shown["Stable"] == f"{after.good} since 2026-11-21 06:01:35Z, ready in the DAG folder"
    assert "Baking 12/30 min" in desk.run("status").out
    document = desk.json("status", "dev")
    assert document["bake"] == {
        "state": "Baking", "minutes": 12.0, "ofMinutes": 30, "runs": 1, "ofRuns": 2
    }  # fmt: skip
    assert document["lastStable"]["warm"] is True
    assert document["watch"]["release"] == after.bad


def test_what_keeps_a_release_from_being_stable_is_said() -> None:
    after = Reverted()
    put(after, watch=watch(after))
    message = f"Release {after.bad}: {waits_for(('missed-runs: Nobody knows', '12 of 30 minutes are over'))}"
    finding = Finding(type=ConditionType.BAKED, status=False, reason=Reason.BAKING, message=message)
    after.set(lambda state: with_conditions(state, [finding], None, after.scene.clock.now()))
    desk = sat_down(after)
    assert facts(desk)["Bake"] == (
        "Baking 12/30 min, runs 1/2; waits for: missed-runs: Nobody knows; 12 of 30 minutes are over"
    )
    # What was said of another release is not said of this one.
    put(after, watch=watch(after, release="e" * 16))
    assert "waits for" not in facts(desk)["Bake"]


def test_a_release_is_said_to_have_failed_when_it_did() -> None:
    after = Reverted()
    finding = Finding(type=ConditionType.BAKED, status=False, reason=Reason.BAKING, message="So it is.")
    after.set(lambda state: with_conditions(state, [finding], None, after.scene.clock.now()))
    after.scene.clock.advance(600)
    at = after.scene.clock.now()
    put(after, watch=watch(after, outcome=Judgement.FAILED, failed_at=at))
    ill = finding.model_copy(update={"reason": Reason.HEALTH_CHECK_FAILED})
    after.set(lambda state: with_conditions(state, [ill], None, at))
    assert f"! Baked False since {when(at)}: HealthCheckFailed" in sat_down(after).run("status", "dev").out


def test_what_is_quarantined_is_told_with_what_is_to_blame() -> None:
    after = Reverted()
    one = Quarantined(
        by="Ana", since=after.since, reason="It failed.", release=after.bad, dags=("heartbeat",)
    )

    def quarantine(state: EnvironmentState) -> EnvironmentState:
        assert state.accepted is not None
        holds = state.accepted.desired.holds.model_copy(update={"quarantine": (one,)})
        desired = state.accepted.desired.model_copy(update={"holds": holds})
        return state.model_copy(
            update={
                "accepted": state.accepted.model_copy(update={"desired": desired}),
                "condemned": frozenset({"f" * 16}),
            }
        )

    after.set(quarantine)
    shown = facts(sat_down(after))
    assert shown["Quarantined"] == f"{after.bad} (dags 1.1.0, dbt 1.1.0, libs 1.1.0): heartbeat"
    assert shown["Condemned"] == "f" * 16


def test_what_is_only_not_stable_yet_is_no_concern() -> None:
    after = Reverted()
    for reason, concerns in ((Reason.BAKING, 0), (Reason.HEALTH_CHECK_FAILED, 1), (Reason.HEALTH_UNKNOWN, 1)):
        finding = Finding(type=ConditionType.BAKED, status=False, reason=reason, message="So it is.")
        after.set(lambda state, it=finding: with_conditions(state, [it], None, after.scene.clock.now()))
        assert sat_down(after).run("status", "dev").out.count("! Baked") == concerns


def test_a_signal_that_fails_is_named_once() -> None:
    after = Reverted()
    tally = Tally(severity=Weight.ERROR, outcome=Judgement.FAILED, last=ILL, worst=ILL)
    failing = watch(
        after,
        outcome=Judgement.FAILED,
        failed_at=after.scene.clock.now(),
        tallies={SignalName.FAILED_RUNS: tally},
    )
    put(after, watch=failing)
    desk = sat_down(after)
    assert facts(desk)["Bake"].startswith("Failed since 2026-11-21 06:")
    assert "! failed-runs Failed (error): 3 of 4 runs of one failed." in desk.run("status", "dev").out
    finding = Finding(
        type=ConditionType.BAKED, status=False, reason=Reason.HEALTH_CHECK_FAILED, message=ILL.message
    )
    after.set(lambda state: with_conditions(state, [finding], None, after.scene.clock.now()))
    assert desk.run("status", "dev").out.count(ILL.message) == 1


def test_explain_begins_with_what_failed_and_by_which_runs() -> None:
    after = Reverted()
    seen = ILL.model_copy(
        update={"evidence": ("one: 3 of 4 runs failed since; the last is manual__7", "more")}
    )
    tally = Tally(severity=Weight.ERROR, outcome=Judgement.FAILED, last=seen, worst=seen)
    failing = watch(after, outcome=Judgement.FAILED, tallies={SignalName.FAILED_RUNS: tally})
    put(after, watch=failing)

    desk = sat_down(after)
    out, document = desk.run("explain", "dev").out, desk.json("explain", "dev")

    said = f"Release {after.bad} is Failed: failed-runs: 3 of 4 runs of one failed (one: 3 of 4 runs failed "
    assert out.startswith(f"! {said}since; the last is manual__7).")
    assert "waits for anything" not in out
    assert document["failed"].startswith(said)


def test_explain_leaves_out_alarms_from_before_the_release() -> None:
    after = Reverted()
    news = News(reason=Reason.ROLLBACK_SUPPRESSED, message="It was red before.")
    store = after.scene.store
    lease = store.acquire("dev", "on_alarm", 60)
    state = after.scene.state
    store.commit(lease, Changes(state=state, events=(event_of(news, state, None),)))
    store.release(lease)
    put(after, watch=watch(after, begun_at=after.scene.clock.now() + MINUTE))

    assert "It was red before." not in sat_down(after).run("explain", "dev").out


@pytest.mark.parametrize(("verified", "word"), [(False, "Stable"), (True, "Verified")])
def test_what_passed_its_bake_is_shown(verified: bool, word: str) -> None:
    after = Reverted()
    at = after.scene.clock.now()
    put(after, watch=watch(after, stable_at=at, verified_at=at if verified else None))
    assert facts(sat_down(after))["Bake"].startswith(f"{word} since ")


def test_what_is_not_in_the_folder_any_more_is_said_to_be_cold() -> None:
    after = Reverted()
    put(after, watch=watch(after), stable=(Stable(release="d" * 16, revision="a" * 40, at=after.since),))
    desk = sat_down(after)
    assert facts(desk)["Stable"].endswith("to be copied to the DAG folder first")
    assert desk.json("status", "dev")["lastStable"]["warm"] is False


def test_without_anything_to_go_back_to_that_is_said() -> None:
    after = Reverted()
    put(after, watch=None)
    assert "Stable" not in facts(sat_down(after))
    put(after, watch=watch(after))
    assert "no release to go back to" in facts(sat_down(after))["Stable"]


def test_an_alarm_that_waits_is_shown() -> None:
    after = Reverted()
    at = after.scene.clock.now()
    put(after, watch=watch(after), alarm=OpenAlarm(name="mine", reason="Too slow.", turned_at=at, told_at=at))
    desk = sat_down(after)
    assert facts(desk)["Alarm"].startswith("mine since ")
    assert desk.json("status", "dev")["alarm"]["name"] == "mine"


def test_a_revert_is_shown_as_far_as_it_has_come() -> None:
    after = Reverted()
    after.run("one", "bad")
    sha = after.revert()
    desk = sat_down(after)
    assert facts(desk)["Reverted"].endswith(f"commit {sha[:10]} is not live yet")
    after.tick()
    assert facts(desk)["Reverted"].endswith("live, not yet seen to be well")
    after.judged()
    after.tick()
    assert " s" in facts(desk)["Reverted"].partition("live and well after")[2]
    assert facts(desk)["Bake"].endswith("gone back to")
    after.scene.clock.advance(8 * 24 * 3600)
    assert "Reverted" not in facts(desk)
    assert desk.json("status", "dev")["reverts"][0]["commit"] == sha


def test_explain_tells_why_and_what_was_done() -> None:
    after = Reverted()
    after.run("one", "bad")
    sha = after.revert()
    after.tick()
    after.judged()
    after.tick()
    out = sat_down(after).run("explain", "dev").out
    assert f"revert of release {after.bad}" in out
    assert "failed-runs: 3 of 4 runs of one failed, usually 1 of 100." in out
    assert f"Commit {sha[:10]}: 5 s from the alarm to the commit, " in out
    assert "one: 1 failed run runs again." in out


def test_explain_tells_why_nothing_was_taken_back() -> None:
    after = Reverted()

    def suppressed(state: EnvironmentState) -> EnvironmentState:
        return state.model_copy(update={"watch": watch(after)})

    after.set(suppressed)
    news = News(reason=Reason.ROLLBACK_SUPPRESSED, message="It was red before.", evidence=("guard: 3",))
    store = after.scene.store
    lease = store.acquire("dev", "on_alarm", 60)
    state = after.scene.state
    store.commit(lease, Changes(state=state, events=(event_of(news, state, None),)))
    store.release(lease)

    desk = sat_down(after)
    out, document = desk.run("explain", "dev").out, desk.json("explain", "dev")

    for said in ("RollbackSuppressed at ", "nothing is taken back for it.", "It was red before.", "guard: 3"):
        assert said in out, said
    assert "It was red before." in document["alarms"][0]["said"]


def test_the_figure_of_a_rehearsal_is_that_of_the_very_release_that_runs() -> None:
    after = Reverted()
    tried = Rehearsal(release=after.bad, to=after.good, at=after.since, back_seconds=12.4, forth_seconds=9)
    put(after, rehearsals=(tried.model_copy(update={"release": "d" * 16}),))
    desk = sat_down(after)
    assert "Rollback" not in facts(desk)
    put(after, rehearsals=(tried,))
    assert facts(desk)["Rollback"].startswith("tested in dev: 12 s back, 9 s forth, at ")
    assert desk.json("status", "dev")["rollbackTested"]["environment"] == "dev"


def test_an_environment_shows_the_figure_of_the_one_before_it() -> None:
    two = Two()
    desk = Desk()
    desk.scene = desk.platform.scene = two.dev
    desk.platform.names = ("dev", "staging")
    release = two.dev.state.past[0]
    tried = Rehearsal(release=release, to="b" * 16, at=two.dev.clock.now(), back_seconds=7, forth_seconds=8)
    lease = two.dev.store.acquire("dev", "somebody", 60)
    changed = two.dev.state.model_copy(update={"rehearsals": (tried,)})
    two.dev.store.commit(lease, Changes(state=changed))

    assert "tested in dev: 7 s back, 8 s forth" in desk.run("status", "staging").out
    assert desk.json("status", "staging")["rollbackTested"]["environment"] == "dev"
