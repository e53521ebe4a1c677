"""A run that failed is tried once more: a look asks, a tick clears it, once, whatever comes in between."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.adapters.memory import MemoryAlarms, MemoryHealthSources, MemoryTickQueue
from reconciler.core.verification.second_try import PATIENCE
from reconciler.engine.looking import look
from reconciler.engine.recollection import Recollection
from reconciler.engine.tick import tick
from reconciler.engine.world import Lookout, World
from reconciler.model.errors import Terminal, Transient
from reconciler.model.event import Event
from reconciler.model.health import SignalName
from reconciler.model.observation import DagRun
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.seen import EndedRun, Heartbeats
from reconciler.model.state import Changes
from reconciler.model.watch import Judgement, Revert, SecondTry, Watch
from tests.engine.crashes import Died, Fate, Fuse, guarded
from tests.engine.scene import ENVIRONMENT_YAML, Scene
from tests.engine.stories import LEASE_SECONDS

FAILED, GOOD, OPEN = Judgement.FAILED, Judgement.SUCCEEDED, Judgement.INCONCLUSIVE
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BAD = ("one", "bad")


class Seldom:
    """1.1.0 changed ``one``, which runs each day and never failed; its first run on it just did."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.airflow, self.clock = self.scene.airflow, self.scene.clock
        self.scene.deploy("1.0.0", {"one": "load: a", "two": "b"})
        self.clock.advance(7200)
        self.scene.tick()
        flipped = self.clock.now()
        self.airflow.ended = [self.ended("success", flipped - number * DAY) for number in range(30, 0, -1)]
        self.scene.deploy("1.1.0", {"one": "load: A", "two": "b"})
        self.clock.advance(600)
        self.scene.tick()
        self.queue, self.known = MemoryTickQueue(self.clock), Recollection()
        self.fails("bad")

    def ended(self, state: str, at: datetime, run_id: str = "") -> EndedRun:
        """A run that ended at a time, after a minute."""
        return EndedRun(
            dag_id="one", run_id=run_id or f"{at}", state=state, started_at=at - MINUTE, ended_at=at
        )

    def fails(self, run_id: str) -> None:
        self.airflow.ended.append(self.ended("failed", self.clock.now(), run_id))
        self.clock.advance(20)

    def runs(self, kind: str = "running") -> None:
        """The run is in flight."""
        run = DagRun(
            dag_id="one", run_id="bad", state=kind, run_type="scheduled", started_at=self.clock.now()
        )
        self.airflow.set_runs(run)

    def ends(self, state: str) -> None:
        """What runs ends five minutes later."""
        self.clock.advance(300)
        self.airflow.set_runs()
        self.airflow.ended.append(self.ended(state, self.clock.now(), "bad"))
        self.clock.advance(20)

    def look(self, world: World | None = None) -> None:
        self.airflow.beats = Heartbeats(scheduler=self.clock.now(), dag_processor=self.clock.now())
        lookout = Lookout(
            world=world or self.scene.world_of("look"),
            alarms=MemoryAlarms(self.clock),
            sources=lambda _: MemoryHealthSources(),
            queue=self.queue,
        )
        look(lookout, "dev", self.known)
        self.clock.advance(20)

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.scene.tick(TriggeredBy.SCHEDULE)
            self.clock.advance(60)

    @property
    def watch(self) -> Watch:
        watch = self.scene.state.watch
        assert watch is not None
        return watch

    @property
    def second_try(self) -> SecondTry:
        (one,) = self.watch.second_tries.values()
        return one

    @property
    def outcome(self) -> Judgement:
        """What was measured last of failed runs."""
        last = self.watch.tallies[SignalName.FAILED_RUNS].last
        assert last is not None
        return last.outcome

    def told(self, reason: Reason) -> list[Event]:
        return [event for event in self.scene.events if event.reason is reason]


@pytest.fixture
def seldom() -> Seldom:
    return Seldom()


@pytest.fixture
def asked(seldom: Seldom) -> Seldom:
    """A look has asked for it."""
    seldom.look()
    return seldom


def test_a_run_that_fails_by_chance_takes_nothing_back(asked: Seldom) -> None:
    assert asked.airflow.cleared == [], "a look changes nothing outside"
    assert [(one.environment, one.hint) for one in asked.queue.asked] == [("dev", asked.watch.revision)]
    (told,) = asked.told(Reason.SECOND_TRY)
    assert told.evidence == ("one: bad",)
    asked.tick()
    assert asked.airflow.cleared == [BAD]
    assert asked.told(Reason.RUNS_CLEARED) == [], "nothing was taken back"
    asked.look()
    assert asked.outcome is OPEN
    asked.ends("success")
    asked.look()
    assert asked.outcome is GOOD
    assert asked.watch.ran["one"] == 1
    asked.tick(5)
    assert asked.airflow.cleared == [BAD]
    assert asked.told(Reason.HEALTH_CHECK_FAILED) == []
    assert len(asked.told(Reason.SECOND_TRY)) == 1


def test_one_that_fails_again_is_believed_and_is_not_cleared_any_more(asked: Seldom) -> None:
    asked.tick()
    asked.ends("failed")
    asked.look()
    assert asked.outcome is FAILED
    (told,) = asked.told(Reason.HEALTH_CHECK_FAILED)
    assert "bad failed at its second try" in told.evidence[0]
    for _ in range(5):
        asked.tick()
        asked.look()
    assert asked.airflow.cleared == [BAD]


def test_it_is_in_the_journal(asked: Seldom) -> None:
    asked.tick()
    operation = asked.scene.state.operation
    assert operation is not None
    (step,) = [one for one in asked.scene.store.steps("dev", operation.attempt) if one.kind == "ClearRuns"]
    assert (step.subject, step.outcome) == ("one bad", "done")


def test_it_costs_a_tick_nothing_where_there_is_none(asked: Seldom) -> None:
    asked.tick()
    before = dict(asked.airflow.calls)
    asked.tick(3)
    assert asked.airflow.calls == before


def test_it_is_no_part_of_a_revert(asked: Seldom) -> None:
    revert = Revert(
        alarm="a",
        blamed="b" * 40,
        release="f" * 16,
        to="e" * 16,
        intended_at=asked.clock.now(),
        over_at=asked.clock.now(),
    )
    lease = asked.scene.store.acquire("dev", "test", 60)
    state = asked.scene.state.model_copy(update={"reverts": (revert,)})
    asked.scene.store.commit(lease, Changes(state=state))
    asked.scene.store.release(lease)
    asked.tick()
    assert asked.airflow.cleared == [BAD]
    assert asked.scene.state.reverts == (revert,)


@pytest.mark.parametrize("ends", ["success", "failed", ""])
@pytest.mark.parametrize("fate", list(Fate))
@pytest.mark.parametrize("at", range(12))
def test_a_tick_may_die_anywhere(fate: Fate, at: int, ends: str) -> None:
    seldom = Seldom()
    seldom.look()
    try:
        tick(guarded(seldom.scene, Fuse(at, fate)), "dev", TriggeredBy.SCHEDULE)
    except Died:
        seldom.clock.advance(LEASE_SECONDS)
    over = ends if seldom.airflow.cleared else ""
    if over:
        seldom.ends(over)  # before anybody looks
    seldom.tick(4)
    assert seldom.airflow.cleared == [BAD]
    assert seldom.second_try.refused == ""
    assert len(seldom.told(Reason.SECOND_TRY)) == 1
    seldom.look()
    assert seldom.outcome is {"success": GOOD, "failed": FAILED, "": OPEN}[over]


@pytest.mark.parametrize("fate", list(Fate))
@pytest.mark.parametrize("at", range(27))
def test_a_look_may_die_anywhere(seldom: Seldom, fate: Fate, at: int) -> None:
    try:
        seldom.look(guarded(seldom.scene, Fuse(at, fate)))
    except (Died, Transient):
        seldom.clock.advance(LEASE_SECONDS)
        seldom.known = Recollection()
    seldom.look()
    seldom.tick(4)
    assert seldom.airflow.cleared == [BAD]
    assert len(seldom.told(Reason.SECOND_TRY)) == 1


def test_one_that_a_person_cleared_is_left_alone(asked: Seldom) -> None:
    asked.airflow.ended.pop()
    asked.runs()
    asked.tick(2)
    assert (asked.airflow.cleared, asked.second_try.refused) == ([], "")
    asked.look()
    assert asked.outcome is OPEN
    asked.ends("failed")
    asked.tick(2)
    assert asked.airflow.cleared == []
    asked.look()
    assert asked.outcome is FAILED


def test_nothing_is_cleared_where_everything_is_suspended(asked: Seldom) -> None:
    who = "{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}"
    asked.scene.holds = f"apiVersion: reconciler/v1\nkind: Holds\nsuspended: {who}\n"
    asked.scene.push("1.1.0", "Suspend")
    asked.tick()
    assert asked.airflow.cleared == []
    asked.look()
    assert asked.outcome is FAILED
    assert (
        "not tried once more: the environment is suspended"
        in asked.told(Reason.HEALTH_CHECK_FAILED)[0].evidence[0]
    )


def test_nor_where_people_do_not_want_it_any_more(asked: Seldom) -> None:
    asked.scene.environment = ENVIRONMENT_YAML + b"health: {secondTry: false}\n"
    asked.scene.push("1.1.0", "Believe what is seen")
    asked.tick()
    assert asked.airflow.cleared == []
    asked.look()
    assert asked.outcome is FAILED


def test_nor_where_a_person_paused_the_dag(asked: Seldom) -> None:
    asked.airflow.set_paused("one", True)
    asked.tick()
    assert (asked.airflow.cleared, asked.second_try.refused) == ([], "its DAG is paused")


def test_what_airflow_refuses_is_believed(asked: Seldom) -> None:
    asked.airflow.fail_next("clear_failed", Terminal("No.", "Ask."))
    asked.tick(2)
    assert asked.airflow.cleared == []
    asked.look()
    assert asked.outcome is FAILED
    assert "not tried once more: No." in asked.told(Reason.HEALTH_CHECK_FAILED)[0].evidence[0]


@pytest.mark.parametrize("call", ["ended_runs", "dags", "clear_failed", "busy"])
def test_what_does_not_answer_is_asked_again(asked: Seldom, call: str) -> None:
    asked.airflow.fail_next(call, Transient("It does not answer."))
    asked.tick()
    assert asked.airflow.cleared == []
    asked.tick()
    assert asked.airflow.cleared == [BAD]


def test_while_airflow_is_updated_it_waits_and_in_the_end_is_believed(asked: Seldom) -> None:
    asked.airflow.set_busy("UPDATING")
    asked.tick(round(PATIENCE / MINUTE))
    asked.airflow.set_busy(None)
    asked.tick()
    assert asked.airflow.cleared == []
    asked.look()
    assert asked.outcome is FAILED


def test_a_deployment_that_changes_the_dag_begins_anew(asked: Seldom) -> None:
    asked.scene.deploy("1.2.0", {"one": "load: AA", "two": "b"})
    asked.tick(2)
    assert (asked.airflow.cleared, asked.watch.second_tries) == ([], {})


def test_one_that_leaves_it_as_it_is_takes_the_second_try_over(asked: Seldom) -> None:
    asked.scene.deploy("1.2.0", {"one": "load: A", "two": "B"})
    assert asked.airflow.cleared == [BAD]
    asked.ends("failed")
    asked.look()
    assert asked.outcome is FAILED
    asked.tick(2)
    assert asked.airflow.cleared == [BAD]


def test_a_dag_whose_graph_changes_waits_for_the_second_try_as_for_any_run(asked: Seldom) -> None:
    asked.tick()
    asked.runs()
    asked.scene.deploy("1.2.0", {"one": "wider: A", "two": "b"})
    asked.tick(2)
    old = asked.scene.state.live["one"].pointer.release
    assert old == asked.scene.state.past[0]
    asked.ends("success")
    asked.tick(3)
    assert asked.scene.state.live["one"].pointer.release != old
    assert asked.airflow.cleared == [BAD]


def test_going_back_forgets_it_and_what_is_in_flight_is_given_its_time(asked: Seldom) -> None:
    asked.tick()
    asked.runs()
    asked.scene.push("1.0.0", "Revert")
    asked.tick(4)
    assert asked.scene.state.live["one"].pointer.release == asked.watch.release
    assert (asked.watch.rollback, asked.watch.second_tries) == (True, {})
    assert asked.airflow.restarted == [BAD], "as any run of what is condemned"
