"""A look at an environment: what it asks, what it writes down, and what it leaves alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from reconciler.adapters.memory import MemoryAlarms, MemoryHealthSources, MemoryTickQueue
from reconciler.adapters.memory.failures import Twin
from reconciler.core.verification import Wanted, wanted
from reconciler.engine import looking
from reconciler.engine.gathering import TRIES_A_LOOK, gather
from reconciler.engine.looking import Look, look
from reconciler.engine.recollection import FRESH, Recollection
from reconciler.engine.world import Lookout
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.reason import Health, TriggeredBy
from reconciler.model.seen import EndedRun, Evidence, Heartbeats, Record
from reconciler.model.state import Changes, EnvironmentState
from reconciler.model.watch import Revert, Watch
from tests.builders import EACH_MINUTE
from tests.engine.scene import ENVIRONMENT_YAML, Scene

HERE = (("environment", "dev"),)
LOOKED = {("HealthChecked", HERE): 1, ("HealthJudged", HERE): 1}
MINUTE = timedelta(minutes=1)
RECORDED = ENVIRONMENT_YAML + (
    b"health: {record: {account: local, user: r, database: FINEDGE_DEV, keySecret: key, host: 127.0.0.1}}\n"
)
SILENT = Transient("Airflow does not answer.")


class Watched:
    """1.0.0 and then 1.1.0 were deployed in dev; the second one changed both DAGs and is watched."""

    def __init__(self, environment: bytes = ENVIRONMENT_YAML) -> None:
        self.scene = Scene(environment=environment, calendar=EACH_MINUTE)
        self.scene.deploy("1.0.0", {"one": "load: a", "two": "load: b"})
        self.scene.clock.advance(3600)
        self.begun_at = self.scene.clock.now()
        self.scene.deploy("1.1.0", {"one": "load: A", "two": "load: B"})
        self.sources = MemoryHealthSources(Record(), told=[])
        self.known = Recollection()
        self.lookout = Lookout(
            world=self.scene.world_of("look"),
            alarms=MemoryAlarms(self.scene.clock),
            sources=lambda _: self.sources,
            queue=MemoryTickQueue(self.scene.clock),
        )
        self.remember(watch=self.watch(), accounting=None)
        self.scene.clock.advance(600)
        self.well()

    def watch(self, **update: Any) -> Watch:
        accepted = self.scene.state.accepted
        assert accepted is not None
        return Watch(
            release=accepted.release,
            revision=accepted.revision,
            attempt=2,
            begun_at=self.begun_at,
            live_at=self.begun_at,
            touched=dict.fromkeys(("one", "two"), self.begun_at),
        ).model_copy(update=update)

    def remember(self, **update: Any) -> None:
        store = self.scene.store
        lease = store.acquire("dev", "test", 60)
        store.commit(lease, Changes(state=store.load("dev").model_copy(update=update)))
        store.release(lease)

    def well(self) -> None:
        """Each DAG ran each minute, Airflow beats, nothing is in flight."""
        now = self.scene.clock.now()
        minute = now.replace(second=0, microsecond=0)
        self.scene.airflow.beats = Heartbeats(scheduler=now, dag_processor=now)
        due = [minute - number * MINUTE for number in range(300)]
        self.scene.airflow.clocked = [
            DagRun(
                dag_id=dag_id, run_id=f"{at}", state="success", run_type="scheduled", due_at=at,
                started_at=at, ended_at=at + MINUTE / 2,
            )
            for dag_id in ("one", "two") for at in due
        ]  # fmt: skip
        self.scene.airflow.ended = [
            EndedRun(
                dag_id=run.dag_id, run_id=run.run_id, state="success", started_at=run.due_at,
                ended_at=run.ended_at, tries=0,
            )
            for run in self.scene.airflow.clocked if run.due_at and run.ended_at and run.ended_at <= now
        ]  # fmt: skip

    def look(self) -> Look:
        return look(self.lookout, "dev", self.known)

    def calls(self) -> Counter[str]:
        """The calls of one look, by what was asked; a commit is one."""
        twins: tuple[Twin, ...] = (
            self.scene.store, self.scene.airflow, self.sources, self.scene.artifacts, self.scene.bus,
        )  # fmt: skip
        before = [Counter(twin.calls) for twin in twins]
        self.look()
        return sum((Counter(twin.calls) - old for twin, old in zip(twins, before, strict=True)), Counter())


@pytest.fixture
def watched() -> Watched:
    return Watched()


def values(seen: Look) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(one.name, tuple(sorted(one.dimensions.items()))): one.value for one in seen.metrics}


def test_where_nothing_was_ever_deployed_one_call_says_so() -> None:
    scene = Scene()
    lookout = Lookout(
        world=scene.world, alarms=MemoryAlarms(), sources=lambda _: MemoryHealthSources(),
        queue=MemoryTickQueue(),
    )  # fmt: skip
    seen = look(lookout, "dev", Recollection())
    assert values(seen) == LOOKED | {("HealthFailed", HERE): 0}
    assert scene.store.calls == {"load": 1}
    assert scene.airflow.calls == {}


def test_a_look_asks_each_thing_once_and_remembers_what_does_not_change(watched: Watched) -> None:
    first, second = watched.calls(), watched.calls()
    assert first["ended_runs"] == 2, "how it used to be, and how it is now"
    assert first["release"] >= 1
    assert second["tries"] == TRIES_A_LOOK
    later = watched.calls() - Counter(tries=TRIES_A_LOOK)
    airflow = ("dags", "import_errors", "active_runs", "clock_runs", "ended_runs", "heartbeats")
    ours = ("load", "load", "acquire", "commit", "release")
    assert later == Counter([*airflow, *ours]), "11 in all; MWAA's metrics are one more, each five minutes"
    watched.scene.clock.advance(FRESH.total_seconds())
    watched.well()
    assert watched.calls()["platform"] == 1


def gathered(watched: Watched) -> Evidence:
    state, now = watched.scene.state, watched.scene.clock.now()
    assert state.accepted is not None
    environment = state.accepted.desired.environment
    asked = wanted(state, environment.health, now)
    return gather(watched.lookout, state, environment, asked, watched.known)


def test_when_changed_dags_are_due_is_read_of_their_release(watched: Watched) -> None:
    watched.remember(watch=watched.watch(touched={"one": watched.begun_at}))
    assert gathered(watched).calendars == {"one": EACH_MINUTE}
    watched.known.manifests.clear()
    for _ in range(2):
        watched.scene.artifacts.fail_next("release", Transient("S3 throttles."))
    assert gathered(watched).calendars == {}


def test_what_mwaa_does_is_asked_only_if_something_is_amiss(watched: Watched) -> None:
    watched.scene.airflow.set_busy("MWAA environment dev is UPDATING")
    before = watched.scene.airflow.calls["busy"]
    assert gathered(watched).busy is None
    assert watched.scene.airflow.calls["busy"] == before
    watched.scene.airflow.beats = Heartbeats(scheduler=watched.begun_at, dag_processor=watched.begun_at)
    assert gathered(watched).busy == "MWAA environment dev is UPDATING"
    watched.scene.airflow.fail_next("busy", Terminal("GetEnvironment is refused.", ""))
    assert gathered(watched).busy is None


def stable(watched: Watched) -> None:
    """It was looked at twice, and is Stable and Verified since."""
    watched.look()
    watched.look()
    watch = watched.scene.state.watch
    assert watch is not None
    now = watched.scene.clock.now()
    watched.remember(watch=watch.model_copy(update={"stable_at": now, "verified_at": now}))


def after_a_minute(watched: Watched) -> Counter[str]:
    watched.scene.tick()
    watched.scene.clock.advance(60)
    watched.well()
    return watched.calls()


def test_what_is_stable_and_well_costs_three_calls_a_minute(watched: Watched) -> None:
    stable(watched)
    ten = [after_a_minute(watched) for _ in range(10)]
    assert [sum(one.values()) for one in ten].count(1) == 8, "just our own memory, four minutes of five"
    assert all("dags" in one for one in ten if sum(one.values()) > 1)
    watched.look()
    assert values(watched.look()) == LOOKED


def test_what_is_stable_and_amiss_is_looked_at_each_minute(watched: Watched) -> None:
    stable(watched)
    gone = AirflowDag(dag_id="one", active=False, paused=False, release=None, last_parsed_at=None)
    watched.scene.airflow.set_dag(gone)
    looks = [after_a_minute(watched)["dags"] for _ in range(9)]
    assert looks.index(1) <= 4
    assert set(looks[looks.index(1) :]) == {1}


def test_what_is_well_is_told_so_and_noted(watched: Watched) -> None:
    handled = watched.scene.state.last_handled_at
    seen = watched.look()
    assert values(seen)["HealthChecked", HERE] == 1
    assert values(seen)["HealthFailed", HERE] == 0
    state = watched.scene.state
    assert state.watch is not None
    assert state.watch.checked_at is not None
    assert state.last_handled_at == handled, "that is for ticks to note"
    assert watched.scene.store.acquire("dev", "other", 60), "the lease is free again"


def test_a_dag_that_vanished_fails_the_release_and_people_hear(watched: Watched) -> None:
    for _ in range(6):
        watched.scene.clock.advance(60)
        watched.well()
        gone = AirflowDag(dag_id="one", active=False, paused=False, release=None, last_parsed_at=None)
        watched.scene.airflow.set_dag(gone)
        seen = watched.look()
    assert values(seen)["HealthFailed", HERE] == 1
    assert values(seen)["SignalFailed", (*HERE, ("signal", "dags-present"))] == 1
    assert "one" in seen.message
    told = [event for event in watched.scene.bus.published if "one" in event.message]
    assert told
    watch = watched.scene.state.watch
    assert watch is not None
    assert told[-1].revision == watch.revision


def test_what_is_judged_failed_is_degraded_until_it_is_well_whatever_ticks_come(watched: Watched) -> None:
    here = watched.scene.airflow.dags(["one"])["one"]
    watched.look()
    assert watched.scene.state.health is Health.HEALTHY
    watched.scene.airflow.set_dag(here.model_copy(update={"active": False}))
    for _ in range(6):
        watched.scene.clock.advance(60)
        watched.well()
        watched.look()
    assert watched.scene.state.health is Health.DEGRADED
    watched.scene.tick()
    watched.scene.push("1.1.0", "Say the same again")
    watched.scene.tick()
    assert watched.scene.state.health is Health.DEGRADED
    watched.scene.airflow.set_dag(here)
    watched.scene.clock.advance(60)
    watched.well()
    watched.look()
    assert watched.scene.state.health is Health.HEALTHY


def test_an_airflow_that_is_silent_is_asked_once_and_is_not_taken_for_well_or_ill(watched: Watched) -> None:
    watched.scene.airflow.fail_next("dags", SILENT)
    before = Counter(watched.scene.airflow.calls)
    seen = watched.look()
    assert Counter(watched.scene.airflow.calls) - before == {"dags": 1}
    assert ("HealthFailed", HERE) not in values(seen)
    assert values(seen)["HealthChecked", HERE] == 1
    assert "Airflow does not answer" in str(watched.scene.state.watch)


def test_what_airflow_refuses_holds_up_nothing_else(watched: Watched) -> None:
    watched.scene.airflow.fail_next("import_errors", Terminal("No.", "Allow it."))
    later = watched.calls()
    assert later["heartbeats"] == later["clock_runs"] == 1
    watch = watched.scene.state.watch
    assert watch is not None
    assert [name for name, tally in watch.tallies.items() if tally.errors] == ["import-errors"]


@pytest.mark.parametrize("source", ["record", "platform"])
def test_a_source_that_fails_holds_up_nothing_else(source: str) -> None:
    watched = Watched(RECORDED)
    watched.sources.fail_next(source, Transient(f"{source} is silent."))
    seen = watched.look()
    assert values(seen)["HealthFailed", HERE] == 0
    assert f"{source} is silent" in str(watched.scene.state.watch)


def test_while_others_are_at_work_nothing_is_written(watched: Watched) -> None:
    lease = watched.scene.store.acquire("dev", "a tick", 60)
    before, began = watched.scene.state, watched.scene.clock.now()
    seen = watched.look()
    assert watched.scene.state == before
    assert values(seen) == LOOKED
    assert timedelta(seconds=5) <= watched.scene.clock.now() - began < timedelta(seconds=8)
    watched.scene.store.release(lease)


def test_a_tick_that_ends_in_time_is_waited_for(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = watched.scene.store.acquire("dev", "a tick", 60)
    sleep = watched.scene.clock.sleep

    def ends(seconds: float) -> None:
        sleep(seconds)
        watched.scene.store.release(lease)

    monkeypatch.setattr(watched.scene.clock, "sleep", ends)
    assert values(watched.look())["HealthFailed", HERE] == 0


@pytest.mark.parametrize("update", [{"attempt": 3}, {"touched": {}}, {"release": "0" * 16}])
def test_what_was_seen_of_something_else_is_dropped(
    watched: Watched, update: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = looking.gather

    def gather(*given: Any) -> Any:
        found = real(*given)
        watched.remember(watch=watched.watch(**update))
        return found

    monkeypatch.setattr(looking, "gather", gather)
    seen = watched.look()
    assert values(seen) == LOOKED
    assert watched.scene.state.watch == watched.watch(**update)


def test_a_lease_that_is_lost_writes_nothing(watched: Watched) -> None:
    before = watched.scene.state
    watched.scene.store.fail_next("commit", Conflict("The lease was lost."))
    seen = watched.look()
    assert watched.scene.state == before
    assert values(seen) == LOOKED
    assert "lost" in seen.message


def test_a_memory_that_is_silent_is_nobodys_health(watched: Watched) -> None:
    watched.scene.store.fail_next("load", Transient("DynamoDB is silent."))
    with pytest.raises(Transient):
        watched.look()


def test_events_that_are_not_delivered_are_kept(watched: Watched) -> None:
    watched.look()
    watched.scene.airflow.set_dag(
        AirflowDag(dag_id="one", active=False, paused=False, release=None, last_parsed_at=None)
    )
    watched.scene.bus.fail_next("publish", Transient("No bus."))
    troubles = []
    for _ in range(6):
        watched.scene.clock.advance(60)
        troubles.append(watched.look().trouble)
    assert [one for one in troubles if one] == [
        "Events are not delivered yet. No bus. It is retried by itself."
    ]
    assert watched.scene.state.published_sequence == watched.scene.state.sequence


def test_runs_in_flight_are_asked_for_again_only_where_one_is_missing(watched: Watched) -> None:
    watched.scene.clock.advance(3600)
    watched.well()
    assert watched.calls()["runs_between"] == 0
    watched.scene.clock.advance(300)
    watched.well()
    airflow, since = watched.scene.airflow, watched.scene.clock.now() - 8 * MINUTE
    airflow.clocked = [run for run in airflow.clocked if run.dag_id != "one" or (run.due_at or since) < since]
    assert watched.calls()["runs_between"] == 1


def test_tries_are_asked_for_a_few_at_a_time_and_once(watched: Watched) -> None:
    for run in watched.scene.airflow.ended:
        assert run.tries == 0
    asked = [watched.calls()["tries"] for _ in range(6)]
    assert asked[0] == TRIES_A_LOOK
    assert asked[-1] == 0
    assert all(count <= TRIES_A_LOOK for count in asked)


def test_the_warehouse_is_woken_only_when_it_may_have_news() -> None:
    watched = Watched(RECORDED)
    assert watched.calls()["record"] == 2, "of before the change, which stays as it is, and of since"
    watched.scene.clock.advance(1)
    assert watched.calls()["record"] == 0


def test_only_a_tick_counts_as_one(watched: Watched) -> None:
    scene = watched.scene
    scene.tick()
    ended = scene.clock.now()
    watched.look()
    ticked = watched.known.ticked_at
    assert ticked is not None
    assert abs((ticked - ended).total_seconds()) < 1
    for _ in range(3):
        scene.clock.advance(60)
        scene.store.release(scene.store.acquire("dev", "on-alarm", 150))
        watched.look()
        assert watched.known.ticked_at == ticked, "who acts on alarms or looks has not ticked"
    watched.known = Recollection()
    scene.clock.advance(60)
    watched.look()
    assert watched.known.ticked_at == ticked, "and another process knows it as well"


def test_other_rules_for_what_is_well_are_not_mixed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for by the rules of before is not judged by those of now."""
    real, asked = looking.wanted, list[Wanted]()

    def wanted(state: EnvironmentState, spec: Any, now: Any) -> Wanted:
        found = real(state, spec, now)
        asked.append(found)
        return found.model_copy(update={"heartbeats": False}) if len(asked) == 3 else found

    monkeypatch.setattr(looking, "wanted", wanted)
    assert values(watched.look()) == LOOKED


def test_a_revert_that_is_seen_to_be_well_is_told_by_a_tick_at_once(watched: Watched) -> None:
    now, queue = watched.scene.clock.now(), watched.lookout.queue
    assert isinstance(queue, MemoryTickQueue)
    watched.look()
    assert queue.asked == []
    watch = watched.watch(rollback=True, live_at=now)
    revert = Revert(
        alarm="a",
        blamed="b" * 40,
        release="f" * 16,
        to=watch.release,
        intended_at=now,
        commit="c" * 40,
        live_at=now,
    )
    watched.remember(watch=watch, reverts=(revert,))
    watched.scene.clock.advance(60)
    watched.well()
    watched.look()
    assert [(one.environment, one.triggered_by, one.hint) for one in queue.asked] == [
        ("dev", TriggeredBy.ALARM, "c" * 40)
    ]
    watched.remember(reverts=(revert.model_copy(update={"verified_at": now}),))
    watched.scene.clock.advance(600)
    watched.look()
    assert len(queue.asked) == 1
