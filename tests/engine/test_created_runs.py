"""Where the policy says so, runs that an account finds missing are created: each once, and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from reconciler.core.assets import OWED_RUN
from reconciler.core.making_up import PATIENCE
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome
from reconciler.model.errors import Terminal, Transient
from reconciler.model.event import Event
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.reason import Reason, Severity, TriggeredBy
from reconciler.model.state import Changes
from tests.builders import BY_ASSETS, EACH_MINUTE
from tests.engine.crashes import Died, Fate, Fuse, guarded
from tests.engine.scene import ENVIRONMENT_YAML, Scene
from tests.engine.stories import LEASE_SECONDS

MINUTE = timedelta(minutes=1)
CREATE = ENVIRONMENT_YAML + b"policy: {missedRuns: create}\n"
WHO = 'by: Ana, since: "2026-11-21T17:00:00Z", reason: month-end numbers'
ACCOUNTS = {Reason.RUNS_ACCOUNTED, Reason.RUN_MISSED, Reason.RUNS_CREATED, Reason.RUNS_NOT_ACCOUNTED}


@dataclass
class Gap:
    """The account of a deployment is about to be settled: two of the runs of ``loads`` do not exist."""

    scene: Scene
    first: datetime

    @property
    def missing(self) -> list[tuple[str, datetime]]:
        """What is not there, as it is created."""
        return [("loads", self.first), ("loads", self.first + 2 * MINUTE)]

    @property
    def told(self) -> list[Event]:
        """The accounts of deployments so far."""
        return [event for event in self.scene.events if event.reason in ACCOUNTS]

    def settle(self, minutes: int = 1) -> list[Event]:
        """What is told in so many minutes."""
        for _ in range(minutes):
            self.scene.tick(TriggeredBy.SCHEDULE)
            self.scene.clock.advance(60)
        return self.told


def gap(environment: bytes = CREATE) -> Gap:
    """``loads`` and ``other`` are due each minute, ``mart`` is started by assets; 1.1.0 changes ``loads``."""
    scene = Scene(calendar=EACH_MINUTE, calendars={"mart": BY_ASSETS}, environment=environment)
    scene.start_by_assets("mart")
    scene.airflow.every = MINUTE
    scene.deploy("1.0.0", {"loads": "a", "other": "b", "mart": "c"})
    scene.clock.advance(3600)
    scene.tick()
    scene.publish("1.1.0", {"loads": "A", "other": "b", "mart": "c"})
    begun = scene.clock.now().replace(second=0, microsecond=0)
    scene.push("1.1.0")
    scene.tick()
    first = begun - 2 * MINUTE
    found = Gap(scene, first)
    minutes = [begun + number * MINUTE for number in range(-10, 10)]
    scene.airflow.clocked = [
        run(dag_id, at)
        for dag_id in ("loads", "other")
        for at in minutes
        if (dag_id, at) not in found.missing
    ]
    scene.clock.advance(200)
    return found


def run(dag_id: str, at: datetime, state: str = "success") -> DagRun:
    started = at if state == "success" else None
    return DagRun(
        dag_id=dag_id, run_id=f"{at:%H:%M}", state=state, run_type="scheduled", started_at=started, due_at=at
    )


def two_gaps() -> Gap:
    """And assets owe ``mart`` a run."""
    found = gap()
    accounting = found.scene.state.accounting
    assert accounting is not None
    assert accounting.until is not None
    found.scene.airflow.lose_assets("mart", accounting.until)
    return found


def test_what_is_missing_is_created_once_and_told() -> None:
    found = two_gaps()
    (event,) = found.settle(5)
    assert found.scene.airflow.made_up == found.missing
    ((dag_id, run_id),) = found.scene.airflow.created
    assert dag_id == "mart"
    assert run_id.startswith(OWED_RUN)
    assert (event.reason, event.severity) == (Reason.RUNS_CREATED, Severity.WARNING)
    assert event.evidence == (
        *(f"created: loads: the run for {at:%Y-%m-%d %H:%M:%S} UTC" for _, at in found.missing),
        "created: mart: a run for its asset events",
    )
    assert found.scene.state.accounting is None
    attempt = found.scene.state.operation
    assert attempt is not None
    (step,) = [one for one in found.scene.store.steps("dev", attempt.attempt) if one.kind == "CreateRuns"]
    assert (step.subject, step.outcome) == ("loads, mart", "done")


def test_without_that_policy_it_is_only_told() -> None:
    found = gap(ENVIRONMENT_YAML)
    (event,) = found.settle(5)
    assert (event.reason, event.severity) == (Reason.RUN_MISSED, Severity.ERROR)
    assert (found.scene.airflow.made_up, found.scene.airflow.created) == ([], [])


def test_what_assets_owe_is_told_without_that_policy_too() -> None:
    found = gap(ENVIRONMENT_YAML)
    found.scene.airflow.clocked += [run(*one) for one in found.missing]
    found.scene.airflow.lose_assets("mart", found.scene.clock.now() - timedelta(seconds=201))
    (event,) = found.settle()
    assert (event.reason, event.evidence) == (Reason.RUN_MISSED, ("mart: no run for its asset events",))
    assert "Of 1 DAG that assets start, a run is owed to mart." in event.message


def test_events_from_before_the_deployment_and_after_it_are_not_its_own() -> None:
    for seconds in (-3600, 0):
        found = gap(ENVIRONMENT_YAML)
        found.scene.airflow.lose_assets("mart", found.scene.clock.now() + timedelta(seconds=seconds))
        (event,) = found.settle()
        assert "Of 1 DAG that assets start, no run is owed." in event.message


def test_a_condition_that_is_not_understood_keeps_nothing_else_from_being_told() -> None:
    found = gap(ENVIRONMENT_YAML)
    found.scene.airflow.fail_next("owed_by_assets", Terminal("An asset condition.", "Look."))
    (event,) = found.settle()
    assert len(event.evidence) == 2
    assert "Of mart nobody can tell." in event.message


def test_what_nobody_says_of_assets_keeps_nothing_else_from_being_told_for_long() -> None:
    found = gap(ENVIRONMENT_YAML)
    for _ in range(100):
        found.scene.airflow.fail_next("owed_by_assets", Transient("503 Unavailable."))
    assert found.settle(10) == []
    (event,) = found.settle(5)
    assert (event.reason, len(event.evidence)) == (Reason.RUN_MISSED, 2)
    assert "Of mart nobody can tell." in event.message


def test_what_is_only_queued_is_not_created_again() -> None:
    found = gap()
    found.scene.airflow.clocked += [run(*one, state="queued") for one in found.missing]
    (event,) = found.settle(5)
    assert event.reason is Reason.RUN_MISSED
    assert all(line.endswith("is still queued") for line in event.evidence)
    assert found.scene.airflow.made_up == []


def test_a_dag_that_a_person_paused_is_given_none() -> None:
    found = gap()
    found.scene.airflow.set_paused("loads", True)
    (event,) = found.settle(3)
    assert event.reason is Reason.RUNS_ACCOUNTED
    assert found.scene.airflow.made_up == []


def test_a_dag_that_is_not_active_is_given_none_and_people_are_told() -> None:
    found = gap()
    found.scene.vanish("loads")
    (event,) = found.settle(3)
    assert (event.reason, event.severity) == (Reason.RUN_MISSED, Severity.ERROR)
    assert event.evidence[0].startswith("loads: not created, for it is not active. When it is:")
    assert "Not active in Airflow, so that no run starts: loads." in event.message
    assert found.scene.airflow.made_up == []


def test_what_airflow_leaves_out_while_another_run_is_in_flight_is_not_created() -> None:
    for at_once, reason in ((1, Reason.RUNS_ACCOUNTED), (2, Reason.RUNS_CREATED)):
        found = gap()
        by_hand = DagRun(
            dag_id="loads",
            run_id="long",
            state="success",
            run_type="manual",
            started_at=found.first - MINUTE / 2,
            ended_at=found.first + 5 * MINUTE / 2,
        )
        found.scene.airflow.clocked.append(by_hand)
        dags = found.scene.airflow.dags

        def told(
            dag_ids: Sequence[str],
            dags: Callable[[Sequence[str]], dict[str, AirflowDag]] = dags,
            at_once: int = at_once,
        ) -> dict[str, AirflowDag]:
            limit = {"at_once": at_once}
            return {dag_id: dag.model_copy(update=limit) for dag_id, dag in dags(dag_ids).items()}

        found.scene.airflow.dags = told  # type: ignore[method-assign]
        (event,) = found.settle(3)
        assert event.reason is reason
        assert bool(found.scene.airflow.made_up) is (at_once == 2)


def test_a_dag_whose_calendar_changed_is_given_none() -> None:
    found = gap()
    found.scene.calendars["loads"] = EACH_MINUTE | {"timetable expressions": '["* * * * *", "0 5 * * *"]'}
    found.scene.deploy("1.2.0", {"loads": "AA", "other": "b", "mart": "c"})
    found.scene.clock.advance(200)
    found.settle(3)
    assert found.scene.airflow.made_up == []


def test_a_pinned_dag_is_given_none_and_people_are_told_what_to_do() -> None:
    found = gap()
    release = found.scene.state.live["loads"].pointer.release
    found.scene.holds = (
        f"apiVersion: reconciler/v1\nkind: Holds\npins: [{{{WHO}, dag: loads, release: {release}}}]\n"
    )
    found.scene.push("1.1.0", "Pin")
    (event,) = found.settle(3)
    assert event.reason is Reason.RUN_MISSED
    assert event.evidence[0].startswith("loads: not created, for it is pinned. `airflow backfill create")
    assert found.scene.airflow.made_up == []


def test_where_everything_is_suspended_none_is_created() -> None:
    found = gap()
    found.scene.holds = f"apiVersion: reconciler/v1\nkind: Holds\nsuspended: {{{WHO}}}\n"
    found.scene.push("1.1.0", "Suspend")
    (event,) = found.settle(3)
    assert event.reason is Reason.RUN_MISSED
    assert found.scene.airflow.made_up == []


def test_while_mwaa_updates_itself_none_is_created() -> None:
    found = gap()
    found.scene.airflow.set_busy("UPDATING")
    assert found.settle(3) == []
    found.scene.airflow.set_busy(None)
    (event,) = found.settle(1)
    assert event.reason is Reason.RUNS_CREATED


def test_while_mwaa_is_not_well_for_long_people_are_told_what_is_missing() -> None:
    found = two_gaps()
    found.scene.airflow.set_busy("UPDATE_FAILED")
    assert found.settle(10) == []
    (event,) = found.settle(5)
    assert (event.reason, event.severity) == (Reason.RUN_MISSED, Severity.ERROR)
    why = "not created. Airflow's environment is UPDATE_FAILED."
    assert event.evidence[:2] == (
        f"loads: {why} `airflow backfill create --dag-id loads` makes runs.",
        f"mart: {why} Trigger it in Airflow.",
    )
    assert len(event.evidence) == 2 + len(found.missing) + 1
    assert (found.scene.airflow.made_up, found.scene.airflow.created) == ([], [])
    assert found.scene.state.accounting is None


def test_where_nobody_says_how_mwaa_is_people_are_told_too() -> None:
    found = gap()
    for _ in range(100):
        found.scene.airflow.fail_next("busy", Terminal("GetEnvironment is refused.", "Allow it."))
    assert found.settle(10) == []
    (event,) = found.settle(5)
    assert event.evidence[0].startswith("loads: not created. GetEnvironment is refused. Allow it. `airflow")
    assert found.scene.airflow.made_up == []


def test_what_was_to_be_created_is_named_where_nobody_can_tell_whether_it_is_there() -> None:
    found = gap()
    clock_runs = found.scene.airflow.clock_runs
    asked = list[object]()

    def once(*args: object) -> Sequence[DagRun]:
        asked.append(args)
        if len(asked) > 1:
            raise Transient("503 Unavailable.")
        return clock_runs(*args)  # type: ignore[arg-type]

    found.scene.airflow.clock_runs = once  # type: ignore[method-assign]
    (event,) = found.settle(15)
    assert (event.reason, event.evidence) == (
        Reason.RUNS_NOT_ACCOUNTED,
        ("loads: runs were to be created",),
    )
    assert found.scene.airflow.made_up == found.missing


def test_what_airflow_refuses_is_told_with_what_to_do_and_the_rest_is_created() -> None:
    found = two_gaps()
    found.scene.airflow.fail_next("create_missing", Terminal("403 Forbidden.", "Allow it."))
    (event,) = found.settle(5)
    assert (event.reason, event.severity) == (Reason.RUN_MISSED, Severity.ERROR)
    assert event.evidence[0] == "loads: 403 Forbidden. Allow it."
    assert event.evidence[-1] == "created: mart: a run for its asset events"
    assert "Not created: loads" in event.message
    assert found.scene.airflow.calls["create_missing"] == 1


def test_more_than_are_created_unasked_are_left_to_people() -> None:
    found = gap()
    accounting = found.scene.state.accounting
    assert accounting is not None
    longer = accounting.model_copy(update={"since": accounting.since - timedelta(hours=2)})
    lease = found.scene.store.acquire("dev", "test", LEASE_SECONDS)
    found.scene.store.commit(
        lease, Changes(state=found.scene.state.model_copy(update={"accounting": longer}))
    )
    found.scene.store.release(lease)
    (event,) = found.settle(3)
    assert event.reason is Reason.RUN_MISSED
    assert "runs of loads are missing." in event.evidence[0]
    assert found.scene.airflow.made_up == []


def test_what_does_not_answer_is_asked_again_and_given_up_in_the_end() -> None:
    found = gap()
    found.scene.airflow.fail_next("create_missing", Transient("503 Unavailable."))
    assert found.settle() == []
    (event,) = found.settle()
    assert (event.reason, found.scene.airflow.made_up) == (Reason.RUNS_CREATED, found.missing)

    found = gap()
    for _ in range(100):
        found.scene.airflow.fail_next("create_missing", Transient("503 Unavailable."))
    minutes = int(PATIENCE / MINUTE)
    assert found.settle(minutes - 1) == []
    (event,) = found.settle(3)
    assert event.evidence[0].startswith("loads: 503 Unavailable.")
    assert found.scene.airflow.made_up == []


def settled(found: Gap) -> None:
    """The sweep, until nothing is left to account for."""
    for _ in range(20):
        idle = tick(found.scene.world, "dev", TriggeredBy.SCHEDULE).outcome is Outcome.IDLE
        if idle and found.scene.state.accounting is None:
            return
        found.scene.clock.advance(60)
    raise AssertionError(f"never settled: {found.scene.state.accounting}")


def calls() -> int:
    found, fuse = two_gaps(), Fuse(at=1_000_000)
    tick(guarded(found.scene, fuse), "dev", TriggeredBy.SCHEDULE)
    assert found.told
    return fuse.calls


@pytest.mark.parametrize("fate", Fate)
def test_a_tick_that_dies_at_any_call_leaves_each_created_once_and_told_once(fate: Fate) -> None:
    for at in range(calls()):
        found, fuse = two_gaps(), Fuse(at=at, fate=fate)
        try:
            tick(guarded(found.scene, fuse), "dev", TriggeredBy.SCHEDULE)
        except Died:
            found.scene.clock.advance(LEASE_SECONDS + 1)
        settled(found)
        assert sorted(found.scene.airflow.made_up) == found.missing, f"call {at}"
        assert [dag_id for dag_id, _ in found.scene.airflow.created] == ["mart"], f"call {at}"
        (event,) = found.told
        assert (event.reason, len(event.evidence)) == (Reason.RUNS_CREATED, 3), f"call {at}: {event}"
        published = [one.sequence for one in found.scene.bus.published if one.reason in ACCOUNTS]
        assert set(published) == {event.sequence}, f"call {at}"


def test_a_deployment_between_a_crash_and_the_next_look_does_not_hide_what_was_created() -> None:
    found = two_gaps()
    create = found.scene.airflow.create_missing

    def create_and_die(dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        create(dag_id, since, until, most)
        raise Died

    found.scene.airflow.create_missing = create_and_die  # type: ignore[method-assign]
    with pytest.raises(Died):
        found.scene.tick()
    found.scene.airflow.create_missing = create  # type: ignore[method-assign]
    found.scene.clock.advance(LEASE_SECONDS + 1)
    begun = found.scene.clock.now()
    found.scene.deploy("1.2.0", {"loads": "A", "other": "B", "mart": "c"})
    last = max(one.due_at for one in found.scene.airflow.clocked if one.due_at is not None)
    found.scene.airflow.clocked += [
        run(dag_id, last + number * MINUTE)
        for dag_id in ("loads", "other")
        for number in range(1, int((begun - last) / MINUTE) + 10)
    ]
    found.scene.clock.advance(200)
    (event,) = found.settle(3)
    assert event.reason is Reason.RUNS_CREATED
    assert found.scene.airflow.made_up == found.missing
    assert sum(line.startswith("created: loads") for line in event.evidence) == 2


def test_a_tick_that_slept_through_its_lease_creates_nothing() -> None:
    found = two_gaps()
    commit = found.scene.store.commit

    def slow(lease: object, changes: Changes) -> object:
        state = commit(lease, changes)  # type: ignore[arg-type]
        if any(step.kind == "CreateRuns" for step in changes.steps):
            found.scene.clock.advance(LEASE_SECONDS + 1)
        return state

    found.scene.store.commit = slow  # type: ignore[method-assign, assignment]
    assert found.scene.tick().outcome is Outcome.CONTENDED
    assert (found.scene.airflow.made_up, found.scene.airflow.created) == ([], [])
    found.scene.store.commit = commit  # type: ignore[method-assign]
    (event,) = found.settle(2)
    assert (event.reason, found.scene.airflow.made_up) == (Reason.RUNS_CREATED, found.missing)
