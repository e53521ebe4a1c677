"""After a revert: what failed on the bad release runs again, once, and people get one message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.aftermath import TOO_LONG
from reconciler.core.clearing import MOST
from reconciler.core.making_up import PATIENCE
from reconciler.engine.tick import tick
from reconciler.model.errors import Terminal, Transient
from reconciler.model.observation import DagRun
from reconciler.model.reason import Reason, Severity, TriggeredBy
from reconciler.model.watch import Judgement
from tests.builders import EACH_MINUTE
from tests.engine.after_a_revert import Reverted
from tests.engine.crashes import Died, Fate, Fuse, guarded
from tests.engine.scene import ENVIRONMENT_YAML
from tests.engine.stories import LEASE_SECONDS

THROUGH, LATE = Reason.ROLLBACK_VERIFIED, Reason.ROLLBACK_NOT_VERIFIED


def test_what_failed_on_the_bad_release_runs_again_once_on_the_one_before() -> None:
    after = Reverted()
    after.run("one", "bad-1")
    after.run("two", "bad-2")
    after.revert()
    after.tick(5)
    assert after.scene.running()["one"] == after.good
    assert after.airflow.cleared == [("one", "bad-1"), ("two", "bad-2")]
    (event,) = after.told(Reason.RUNS_CLEARED)
    assert event.evidence == ("one: bad-1", "two: bad-2")


def test_each_is_in_the_journal() -> None:
    after = Reverted()
    after.run("one", "bad-1")
    after.revert()
    after.tick(2)
    attempt = after.scene.state.operation
    assert attempt is not None
    (step,) = [one for one in after.scene.store.steps("dev", attempt.attempt) if one.kind == "ClearRuns"]
    assert (step.subject, step.outcome) == ("one bad-1", "done")


def test_only_what_failed_while_condemned_code_ran_does() -> None:
    after = Reverted()
    after.run("one", "well", state="success")
    after.run("one", "before", after=-30)
    after.run("same", "its code did not change")
    after.run("one", "bad")
    after.revert()
    after.tick(2)
    assert after.airflow.cleared == [("one", "bad")]


def test_a_run_that_began_anew_with_the_rollback_and_fails_then_is_left_alone() -> None:
    after = Reverted()
    started = after.scene.clock.now()
    run = DagRun(dag_id="one", run_id="r", state="running", run_type="manual", started_at=started)
    after.airflow.set_runs(run)
    after.revert()
    after.tick()
    after.tick()
    assert after.airflow.restarted == [("one", "r")]
    after.airflow.set_runs()
    flipped = after.scene.state.live["one"].flipped_at
    late = after.run("one", "r").model_copy(
        update={"started_at": started, "ended_at": flipped + timedelta(seconds=1)}
    )
    after.airflow.ended = [late]
    after.set(lambda state: state.model_copy(update={"reverts": (after.now(cleared_at=None),)}))
    after.tick(2)
    assert after.airflow.cleared == []


def test_one_that_fails_again_on_the_good_release_is_not_cleared_again() -> None:
    after = Reverted()
    run = after.run("one", "bad")
    after.revert()
    after.tick()
    assert after.airflow.cleared == [("one", "bad")]
    after.airflow.ended.append(run)  # even one whose start Airflow did not move
    after.set(lambda state: state.model_copy(update={"reverts": (after.now(cleared_at=None),)}))
    after.tick(3)
    assert after.airflow.cleared == [("one", "bad")]


def test_a_person_may_decide_that_nothing_is_cleared() -> None:
    after = Reverted(ENVIRONMENT_YAML + b"health: {revert: {clearRuns: false}}\n")
    after.run("one", "bad")
    after.revert()
    after.tick(2)
    after.judged()
    after.tick()
    assert after.airflow.cleared == []
    (event,) = after.told(THROUGH)
    assert "one bad: failed, and health.revert.clearRuns is off" in event.evidence


def test_very_many_are_left_to_people() -> None:
    after = Reverted()
    for number in range(MOST + 1):
        after.run("one", f"bad-{number}", after=number)
    after.run("two", "bad")
    after.revert()
    after.tick(2)
    after.judged()
    after.tick()
    assert after.airflow.cleared == [("two", "bad")]
    (event,) = after.told(THROUGH)
    assert f"one: not cleared, for {MOST + 1} runs of it failed. Clear them in Airflow." in event.evidence


def test_what_airflow_refuses_keeps_no_other_from_running_again() -> None:
    after = Reverted()
    after.run("one", "bad-1")
    after.run("two", "bad-2")
    after.airflow.fail_next("clear_failed", Terminal("No.", "Ask."))
    after.revert()
    after.tick(2)
    after.judged()
    after.tick()
    assert len(after.airflow.cleared) == 1
    (event,) = after.told(THROUGH)
    assert [line for line in event.evidence if "not cleared. No." in line]


def test_what_does_not_answer_is_asked_again_and_given_up_in_the_end() -> None:
    after = Reverted()
    after.run("one", "bad")
    after.revert()
    for _ in range(3):
        after.airflow.fail_next("ended_runs", Transient("It does not answer."))
    after.tick(3)
    assert after.airflow.cleared == []
    after.tick()
    assert after.airflow.cleared == [("one", "bad")]

    lost = Reverted()
    lost.run("one", "bad")
    lost.revert()
    lost.tick()
    lost.set(lambda state: state.model_copy(update={"reverts": (lost.now(cleared_at=None),)}))
    lost.scene.clock.advance(PATIENCE.total_seconds())
    lost.airflow.fail_next("ended_runs", Transient("It does not answer."))
    lost.judged()
    lost.tick()
    (event,) = lost.told(THROUGH)
    assert [line for line in event.evidence if "It does not answer." in line]


def live_with_a_failed_run(holds: str | None = None) -> Reverted:
    """The good release is live again, and nothing was cleared yet."""
    after = Reverted()
    after.revert()
    after.tick()
    after.run("one", "bad")
    if holds is not None:
        after.scene.holds = holds
        after.scene.push("1.0.0", "Suspend")
        after.tick()
    after.set(lambda state: state.model_copy(update={"reverts": (after.now(cleared_at=None),)}))
    return after


def test_nothing_is_cleared_while_airflow_is_being_updated() -> None:
    after = live_with_a_failed_run()
    after.airflow.set_busy("UPDATING")
    after.tick()
    assert after.airflow.cleared == []
    after.airflow.set_busy(None)
    after.tick()
    assert after.airflow.cleared == [("one", "bad")]


def test_nothing_is_cleared_while_everything_is_suspended() -> None:
    suspended = "{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}"
    after = live_with_a_failed_run(f"apiVersion: reconciler/v1\nkind: Holds\nsuspended: {suspended}\n")
    after.tick(3)
    assert after.airflow.cleared == []


def test_a_run_that_airflow_does_not_clear_at_once_is_cleared_by_a_later_tick() -> None:
    after = live_with_a_failed_run()
    after.airflow.fail_next("clear_failed", Transient("It does not answer."))
    after.tick()
    assert (after.airflow.cleared, after.now().clearing) == ([], {"one": ("bad",)})
    after.tick()
    assert after.airflow.cleared == [("one", "bad")]
    assert (after.now().cleared, after.now().clearing) == ({"one": ("bad",)}, {})


@pytest.mark.parametrize("fate", list(Fate))
@pytest.mark.parametrize("at", range(24))
def test_a_tick_may_die_anywhere_in_between(fate: Fate, at: int) -> None:
    after = Reverted()
    after.run("one", "bad-1")
    after.run("two", "bad-2")
    after.revert()
    after.scene.tick()
    after.airflow.cleared.clear()
    after.run("one", "bad-1")
    after.run("two", "bad-2")
    again = {"cleared": {}, "cleared_at": None, "live_at": None}
    after.set(lambda state: state.model_copy(update={"reverts": (after.now(**again),)}))
    world = guarded(after.scene, Fuse(at, fate))
    try:
        tick(world, "dev", TriggeredBy.SCHEDULE)
    except Died:
        after.scene.clock.advance(LEASE_SECONDS)
    after.tick(3)
    after.judged()
    after.tick()
    assert sorted(after.airflow.cleared) == [("one", "bad-1"), ("two", "bad-2")]
    (event,) = after.told(THROUGH)
    assert "2 failed runs run again (one 1, two 1)" in event.message


def test_people_get_one_message_when_it_is_live_and_well() -> None:
    after = Reverted()
    after.run("one", "bad")
    sha = after.revert()
    after.tick(3, seconds=10)
    assert after.told(THROUGH) == []
    after.judged()
    after.tick(5)
    (event,) = after.told(THROUGH)
    assert event.severity is Severity.ERROR
    assert event.revision == sha
    for said in (
        f"dev runs release {after.good} again (dags 1.0.0, dbt 1.0.0, libs 1.0.0), and is well",
        "failed-runs: 3 of 4 runs of one failed, usually 1 of 100.",
        f"commit {sha[:10]} took {after.blamed[:10]} back, quarantined release {after.bad}",
        "1 failed run runs again (one 1)",
        "Left to do: mend what failed, then lift the hold with `reconciler release dev --reason",
        "5 s from the alarm to the commit, ",
        " s until it was live, ",
        " s until it was seen to be well.",
    ):
        assert said in event.message, said
    assert event.evidence == (
        "failed-runs: 3 of 4 runs of one failed, usually 1 of 100.",
        "one: bad runs again",
    )
    assert after.now().verified_at is not None


@pytest.mark.parametrize(
    "ill",
    [
        {"DAGS_PARSED": Judgement.INCONCLUSIVE},
        {"IMPORT_ERRORS": Judgement.ERROR},
        {"FAILED_RUNS": Judgement.FAILED},
    ],
)
def test_what_was_not_seen_to_be_well_is_told_when_it_takes_too_long_and_once(
    ill: dict[str, Judgement],
) -> None:
    after = Reverted()
    after.revert()
    after.tick()
    after.judged(**ill)
    after.tick(5)
    assert after.told(THROUGH, LATE) == []
    after.scene.clock.advance(TOO_LONG.total_seconds())
    after.tick(5)
    (event,) = after.told(THROUGH, LATE)
    assert (event.reason, event.severity) == (LATE, Severity.ERROR)
    assert "is live, and was not seen to be well" in event.message
    after.judged()
    after.tick(2)
    assert [event.reason for event in after.told(THROUGH, LATE)] == [LATE, THROUGH]


def test_a_look_from_before_it_was_live_proves_nothing() -> None:
    after = Reverted()
    after.revert()
    after.judged()
    after.scene.clock.advance(1)
    after.tick(3)
    assert after.told(THROUGH) == []


def test_a_look_at_another_release_proves_nothing() -> None:
    after = Reverted()
    after.revert()
    after.tick()
    after.judged()
    after.set(
        lambda state: state.model_copy(
            update={"watch": state.watch and state.watch.model_copy(update={"release": after.bad})}
        )
    )
    after.tick(2)
    assert after.told(THROUGH) == []


def test_where_people_go_to_something_else_in_between_the_rest_is_theirs() -> None:
    after = Reverted()
    after.revert()
    after.tick()
    after.scene.deploy("1.2.0", {"one": "mended", "two": "B", "same": "c"})
    after.tick()
    assert after.now().over_at is not None
    after.judged()
    after.tick(20)
    assert after.told(THROUGH, LATE) == []


def test_one_that_is_not_pushed_yet_does_nothing() -> None:
    after = Reverted()
    after.run("one", "bad")
    after.revert()
    after.set(lambda state: state.model_copy(update={"reverts": (after.now(commit=None),)}))
    after.tick(20)
    assert after.airflow.cleared == []
    assert after.told(THROUGH, LATE) == []


def test_the_account_covers_the_time_in_which_the_bad_release_ran() -> None:
    after = Reverted(ENVIRONMENT_YAML + b"policy: {missedRuns: create}\n", EACH_MINUTE)
    after.airflow.every = timedelta(minutes=1)
    after.revert()
    begun = (after.since + timedelta(minutes=5)).replace(second=0, microsecond=0)
    after.tick()
    end = after.scene.clock.now() + timedelta(minutes=10)
    gap = begun + timedelta(minutes=2)
    at, due = begun - timedelta(minutes=30), list[DagRun]()
    while at < end:
        at += timedelta(minutes=1)
        due += [
            DagRun(
                dag_id=dag_id,
                run_id=f"{at:%H:%M}",
                state="success",
                run_type="scheduled",
                started_at=at,
                due_at=at,
            )
            for dag_id in ("one", "two", "same")
            if (dag_id, at.replace(second=0, microsecond=0)) != ("one", gap)
        ]
    after.airflow.clocked = due
    after.tick(6)
    assert after.airflow.made_up == [("one", gap)]
    (event,) = after.told(Reason.RUNS_CREATED)
    assert "one" in event.evidence[0]
