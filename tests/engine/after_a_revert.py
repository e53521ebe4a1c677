"""A release was bad, an alarm took it back, and the commit is on the branch: what comes then is tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from reconciler.adapters.memory import MemoryAirflow
from reconciler.adapters.memory.airflow import Follow
from reconciler.model.event import Event
from reconciler.model.health import SignalName, Weight
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.seen import EndedRun
from reconciler.model.state import Changes, EnvironmentState
from reconciler.model.watch import Judgement, Measurement, Revert, Tally, Watch
from tests.engine.scene import ENVIRONMENT_YAML, Scene

SECOND = timedelta(seconds=1)
FIRST = (SignalName.DAGS_PRESENT, SignalName.DAGS_PARSED, SignalName.IMPORT_ERRORS)


@dataclass
class Reverted:
    """1.1.0 took over ``one`` and ``two`` from 1.0.0, which left ``same`` as it was; an alarm went off.

    ``environment``: what people say of it. The revert is written down, pushed and not applied yet.
    """

    environment: bytes = ENVIRONMENT_YAML
    calendar: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scene = Scene(environment=self.environment, calendar=self.calendar)
        self.airflow = MemoryAirflow(Follow(self.scene.folder, self.scene.clock))
        self.scene.airflow = self.airflow
        self.good = self.scene.deploy("1.0.0", {"one": "a", "two": "b", "same": "c"}).id
        self.scene.clock.advance(3600)
        self.tick()
        self.bad = self.scene.deploy("1.1.0", {"one": "A", "two": "B", "same": "c"}).id
        self.blamed = str(self.scene.state.applied and self.scene.state.applied.revision)
        self.since = self.scene.clock.now() + 10 * SECOND
        self.scene.clock.advance(1800)
        self.tick()

    def run(self, dag_id: str, run_id: str = "r", *, state: str = "failed", after: float = 60) -> EndedRun:
        """A run that started so many seconds after the bad release was live, and ended a minute later."""
        started = self.since + after * SECOND
        run = EndedRun(
            dag_id=dag_id, run_id=run_id, state=state, started_at=started, ended_at=started + 60 * SECOND
        )
        self.airflow.ended.append(run)
        return run

    def set(self, change: Callable[[EnvironmentState], EnvironmentState]) -> None:
        """Somebody else changes the state, as ``check_health`` does."""
        store = self.scene.store
        lease = store.acquire("dev", "somebody", 60)
        store.commit(lease, Changes(state=change(store.load("dev"))))
        store.release(lease)

    def revert(self) -> str:
        """The alarm goes off, and its commit is pushed five seconds later."""
        clock = self.scene.clock
        turned = clock.now()
        clock.advance(3)
        intended = Revert(
            alarm="reconciler-dev",
            blamed=self.blamed,
            release=self.bad,
            to=self.good,
            turned_at=turned,
            intended_at=clock.now(),
        )
        ill = Measurement(
            signal=SignalName.FAILED_RUNS,
            outcome=Judgement.FAILED,
            message="3 of 4 runs of one failed, usually 1 of 100.",
        )
        tally = Tally(
            severity=Weight.ERROR, measured=3, failed=1, outcome=Judgement.FAILED, last=ill, worst=ill
        )
        watch = Watch(
            release=self.bad,
            revision=self.blamed,
            attempt=2,
            of=self.good,
            begun_at=self.since,
            tallies={SignalName.FAILED_RUNS: tally},
        )
        self.set(lambda state: state.model_copy(update={"reverts": (intended,), "watch": watch}))
        clock.advance(2)
        sha = self.scene.push("1.0.0", "Revert dev to 1.0.0: reconciler-dev")
        self.set(lambda state: state.model_copy(update={"reverts": (self.now(commit=sha),)}))
        return sha

    def now(self, **update: object) -> Revert:
        """The revert as it is, or with something changed."""
        return self.scene.state.reverts[0].model_copy(update=update)

    def tick(self, times: int = 1, seconds: float = 60) -> None:
        """So many ticks, that far apart."""
        for _ in range(times):
            self.scene.tick(TriggeredBy.SCHEDULE)
            self.scene.clock.advance(seconds)

    def judged(self, **outcomes: Judgement) -> None:
        """``check_health`` looked: well, but for what is named."""
        tallies = {
            name: Tally(severity=Weight.ERROR, measured=1, outcome=outcome, last=_measured(name, outcome))
            for name in SignalName
            if (outcome := outcomes.get(name.name, Judgement.SUCCEEDED if name in FIRST else None))
            is not None
        }
        watch = Watch(
            release=self.good,
            revision=self.scene.repo.tip(),
            attempt=3,
            of=self.bad,
            rollback=True,
            begun_at=self.scene.clock.now(),
            live_at=self.scene.clock.now(),
            checked_at=self.scene.clock.now(),
            tallies=tallies,
        )
        self.set(lambda state: state.model_copy(update={"watch": watch}))

    def told(self, *reasons: Reason) -> list[Event]:
        """The events with one of these reasons."""
        return [event for event in self.scene.events if event.reason in reasons]


def _measured(name: SignalName, outcome: Judgement) -> Measurement:
    return Measurement(signal=name, outcome=outcome, message="")
