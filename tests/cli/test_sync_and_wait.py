"""``sync`` asks for a tick; ``wait`` tells when a commit is live, judged bad, or late."""

from __future__ import annotations

import pytest

from reconciler.core.findings import Finding, with_conditions
from reconciler.model.errors import Transient
from reconciler.model.reason import ConditionType, Reason
from reconciler.model.state import Changes
from reconciler.model.watch import Judgement
from tests.cli.desk import Desk


def judged(desk: Desk, outcome: Judgement) -> None:
    """Somebody looked at what is live in dev."""
    store, finding = (
        desk.scene.store,
        Finding(
            type=ConditionType.BAKED,
            status=False,
            reason=Reason.HEALTH_CHECK_FAILED,
            message="Release 1: so it is.",
        ),
    )
    lease, state = store.acquire("dev", "look", 60), store.load("dev")
    assert state.watch is not None
    after = state.model_copy(update={"watch": state.watch.model_copy(update={"outcome": outcome})})
    store.commit(lease, Changes(state=with_conditions(after, [finding], None, desk.clock.now())))
    store.release(lease)


def test_sync_asks_for_one_tick_each_time(desk: Desk) -> None:
    assert desk.run("sync", "dev").code == 0
    assert desk.json("sync", "dev") == {"environment": "dev", "requested": True}

    asked = [(one.environment, one.triggered_by) for one in desk.platform.ticks.asked]
    assert asked == [("dev", "manual"), ("dev", "manual")]


def test_sync_says_how_to_follow_it(desk: Desk) -> None:
    assert "reconciler wait dev" in desk.run("sync", "dev").out


@pytest.mark.parametrize("command", ["sync", "wait", "plan", "events", "history", "rollback", "seal"])
def test_an_unknown_environment_is_named_with_the_known_ones(desk: Desk, command: str) -> None:
    desk.platform.names = ("dev", "prod")

    answer = desk.run(command, "stagign")

    assert answer.code == 2
    assert "error: There is no environment 'stagign'." in answer.err
    assert "→ Name one of: dev, prod" in answer.err
    assert answer.out == ""


def test_wait_ends_at_once_when_it_is_live(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    document = desk.json("wait", "dev")

    assert document["health"] == "Healthy"
    assert document["waitedSeconds"] == 0
    assert desk.scene.state.applied is not None
    assert document["appliedRevision"] == desk.scene.state.applied.revision


def test_wait_follows_it_until_it_is_live(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0")
    desk.meanwhile(lambda: None, desk.scene.tick)

    answer = desk.run("wait", "dev")

    assert answer.code == 0
    assert "✓ dev runs" in answer.out
    assert "waiting for" in answer.err
    assert desk.scene.state.operation is not None
    assert desk.scene.state.operation.versions["dags"] == "1.1.0"


def test_a_branch_that_was_set_back_is_not_live(desk: Desk) -> None:
    """Its tip is part of what runs, but nobody asks for that any more."""
    before = desk.scene.push("1.0.0")
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.repo.rewind(before)

    for revision in ("tip", before):
        answer = desk.run("wait", "dev", "--revision", revision)

        assert answer.code == 7
        assert f"which the branch no longer holds: it was set back to {before[:10]}" in answer.err


def test_a_commit_on_top_counts_as_well(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    wanted = desk.scene.push("1.1.0")
    desk.scene.publish("1.2.0", {"films": "three"})
    desk.scene.push("1.2.0")
    desk.meanwhile(desk.scene.tick)

    assert desk.run("wait", "dev", "--revision", wanted).code == 0


def test_a_commit_that_does_not_run_is_told(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0")
    desk.scene.airflow.unparsed.add("films")
    desk.meanwhile(desk.scene.tick)

    answer = desk.run("wait", "dev")

    assert answer.code == 7
    assert "failed in dev" in answer.err
    assert "→ See `reconciler events dev`" in answer.err


def test_what_runs_and_is_judged_failed_is_not_healthy(desk: Desk) -> None:
    """Airflow runs it as deployed; whether that is well is told by whoever looks after it."""
    desk.scene.deploy("1.0.0", {"films": "one"})
    judged(desk, Judgement.FAILED)
    began = desk.clock.now()

    answer = desk.run("wait", "dev")

    assert answer.code == 7
    assert "dev is not well. Release 1: so it is." in answer.err
    assert (desk.clock.now() - began).total_seconds() <= 30

    judged(desk, Judgement.SUCCEEDED)

    assert desk.json("wait", "dev")["health"] == "Healthy"


def test_a_mended_release_is_waited_for_beside_one_that_is_not_well(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    judged(desk, Judgement.FAILED)
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0")
    desk.meanwhile(*[lambda: None] * 25, desk.scene.tick)

    assert desk.json("wait", "dev")["health"] == "Healthy"


def test_a_stalled_commit_is_told(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.push("6.6.6")
    desk.meanwhile(desk.scene.tick)

    answer = desk.run("wait", "dev", "--output", "json")

    assert answer.code == 7
    assert answer.json["error"]["exitCode"] == 7
    assert "dags 6.6.6 was never published" in answer.json["error"]["message"]


def test_a_verdict_from_before_may_still_change(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.push("1.1.0")
    desk.scene.tick()
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.meanwhile(lambda: None, lambda: None, desk.scene.tick)

    assert desk.run("wait", "dev").code == 0


def test_a_verdict_from_before_that_stays_is_told_soon(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.push("6.6.6")
    desk.scene.tick()
    began = desk.clock.now()

    assert desk.run("wait", "dev", "--timeout", "900").code == 7
    assert (desk.clock.now() - began).total_seconds() <= 30


def test_the_failure_of_an_older_commit_is_not_this_ones(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.push("6.6.6")
    desk.scene.tick()
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0")
    desk.meanwhile(*[lambda: None] * 25, desk.scene.tick)

    assert desk.run("wait", "dev").code == 0


def test_when_the_time_is_over(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    tip = desk.scene.push("1.1.0")

    answer = desk.run("wait", "dev", "--timeout", "30")

    assert answer.code == 4
    assert f"Not yet after 30 s: dev: waiting for {tip[:10]} to be looked at" in answer.err
    assert "It goes on without you" in answer.err


def test_git_that_does_not_answer_for_a_moment_is_waited_for(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0")
    desk.scene.repo.fail_next("is_ancestor", Transient("Git did not answer."))
    desk.meanwhile(desk.scene.tick)

    assert desk.run("wait", "dev").code == 0
