"""People in a race: some start runs at random moments, one asks for ticks as the sweep does, one deploys."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

from tests.race_real.plan import DAGS, MANUAL, Course, Deployment, Version
from tests.race_real.stage import Stage

CONVERGES = 400.0
"""Seconds in which a deployment has to be live, on a busy machine and in spite of kills."""

RUN_ENDS = 400.0
TWICE = 0.2
"""The share of runs beside which a second one of the same DAG is started."""


@dataclass
class Starters:
    """Start runs. `started` are (DAG id, run id)."""

    stage: Stage
    seed: int
    started: list[tuple[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep_starting(self, dag_id: str, stop: threading.Event) -> None:
        """Runs of one DAG, with breaks in which it is idle, until told to stop."""
        chance = random.Random(f"{dag_id} {self.seed}")
        while not stop.wait(chance.expovariate(1 / 7)):
            runs = [self.start(dag_id)]
            if chance.random() < TWICE:
                stop.wait(chance.uniform(0, 4))
                runs.append(self.start(dag_id))
            self._await(dag_id, runs, stop)

    def start(self, dag_id: str) -> str:
        """Start one run."""
        with self._lock:
            run_id = f"race-{self.seed}-{len(self.started)}"
            self.started.append((dag_id, run_id))
        self.stage.airflow.start(dag_id, run_id)
        return run_id

    def _await(self, dag_id: str, runs: list[str], stop: threading.Event) -> None:
        deadline = time.monotonic() + RUN_ENDS
        while runs and time.monotonic() < deadline and not stop.wait(0.7):
            states = {run.run_id: run.state for run in self.stage.airflow.every_run(dag_id)}
            runs = [run_id for run_id in runs if states.get(run_id) not in ("success", "failed")]


@dataclass
class Sweeper:
    """Invokes the sweep as often as the shortened limits need it; EventBridge knows no less than a minute."""

    stage: Stage

    def sweep(self, stop: threading.Event) -> None:
        """Until told to stop."""
        functions = self.stage.aws("lambda")
        while not stop.wait(6):
            functions.invoke(FunctionName=self.stage.info.functions["Sweep"], Payload=b"{}")


@dataclass(frozen=True)
class Done:
    """A deployment that was pushed, and since when it was seen to be live (0: nobody waited)."""

    deployment: Deployment
    commit: str
    at: float
    live_at: float = 0


@dataclass
class Deployer:
    """Pushes deployments, and waits for those that are to be waited for."""

    stage: Stage
    starters: Starters
    course: Course
    done: list[Done] = field(default_factory=list)
    awake: bool = False
    """Whether DAGs are to be un-paused: they are born paused."""

    def __post_init__(self) -> None:
        self._chance = random.Random(f"deployer {self.course.seed}")

    def deploy(self, deployment: Deployment) -> None:
        """Push; around that, runs of what it changes may begin."""
        self.stage.code.release(deployment.version)
        commit = self._commit(deployment)
        at = time.time()
        self.stage.environment.push()
        self.done.append(Done(deployment, commit, at))
        if self.starters.started and self._chance.random() < 0.5:
            time.sleep(self._chance.uniform(0, 6))
            changed = [name for name in deployment.touched if name in MANUAL]
            if changed:
                self.starters.start(self._chance.choice(changed))
        if deployment.waits:
            self.converge()
        else:
            time.sleep(self._chance.uniform(0, 6))

    def converge(self) -> None:
        """Wait until the last push is live as a whole."""
        last = self.done[-1]
        deadline = time.monotonic() + CONVERGES
        while unlike := self.unlike(last.deployment.version):
            assert time.monotonic() < deadline, (
                f"{last.deployment.number} ({last.deployment.kind}, {last.commit[:10]}) is not live after "
                f"{CONVERGES:.0f} s: {unlike}. Operation: {self.stage.state().operation}"
            )
            time.sleep(0.3)
        self.done[-1] = Done(last.deployment, last.commit, last.at, time.time())

    def unlike(self, version: Version) -> list[str]:
        """How Airflow's DAGs differ from a version, by their tags; a DAG that is paused does, too."""
        try:
            found = self.stage.airflow.dags()
        except OSError as error:
            return [f"Airflow does not answer: {error}"]
        wrong = []
        for dag_id in DAGS:
            dag, allowed = found.get(dag_id), self._same(dag_id, version)
            if dag is None or not dag.active or len(dag.releases) != 1 or dag.releases[0] not in allowed:
                wrong.append(f"{dag_id} is {dag}, expected release {allowed}")
            elif dag.paused and self.awake:
                wrong.append(f"{dag_id} is paused")
        return wrong

    def _same(self, dag_id: str, version: Version) -> list[str]:
        """The releases in which a DAG is what it is in this version."""
        known, wanted = list(self.stage.code.releases.items()), version.dags[dag_id]
        return [release for name, release in known if self.course.versions[name].dags[dag_id] == wanted]

    def _commit(self, deployment: Deployment) -> str:
        if deployment.kind == "revert":
            self.stage.environment.revert()
            return self.stage.environment.head
        number, name = deployment.number, deployment.version.name
        return self.stage.point_to(deployment.version, f"Deployment {number}: {deployment.kind}, {name}")
