"""A race on a real stack: deployments, runs and kills at the same time, then the judgement."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from local.processes import wait_until
from tests.race_real.evidence import Collector, Containers, Evidence
from tests.race_real.killer import Killer
from tests.race_real.people import RUN_ENDS, Deployer, Starters, Sweeper
from tests.race_real.plan import DAGS, MANUAL, Course, Deployment
from tests.race_real.stage import Stage
from tests.race_real.threads import Crew

JOIN = 450.0
MORE = 15
"""Further deployments, if ticks were too quick for the kills that are still to come."""


@dataclass
class Race:
    """One race. Say its seed to draw the same deployments again; what Airflow does meanwhile is its own."""

    stage: Stage
    seed: int
    deployments: int
    kills: int
    people: Crew = field(default_factory=Crew)
    platform: Crew = field(default_factory=Crew)

    def __post_init__(self) -> None:
        self.course = Course(self.seed, self.stage.versions)
        self.starters = Starters(self.stage, self.seed)
        self.deployer = Deployer(self.stage, self.starters, self.course)
        self.killer = Killer(self.stage, self.seed)
        self.collector = Collector(self.stage, self.course, Containers(self.stage))

    def run(self) -> Evidence:
        """To its end, when everything is quiet."""
        plan = list(itertools.islice(self.course.deployments(), self.deployments + 1 + MORE))
        try:
            self._begin(plan[: self.deployments + 1])
            for deployment in plan[1:]:
                if deployment.number > self.deployments and len(self.killer.kills) >= self.kills:
                    break
                self._deploy(deployment)
            return self._finish()
        finally:
            self.people.stop.set()
            self.platform.stop.set()

    def _begin(self, plan: Sequence[Deployment]) -> None:
        """The first deployment, from which on DAGs run."""
        first, versions = plan[0], list({one.version.name: one.version for one in plan}.values())
        self.stage.code.publish(first.version, "dags", "libs")
        self.platform.start(lambda stop: self.stage.code.publish_all(versions, stop))
        self.platform.start(Sweeper(self.stage).sweep)
        self.platform.start(self.collector.containers.watch)
        self.deployer.deploy(first)
        for dag_id in DAGS:
            self.stage.airflow.unpause(dag_id)
        self.deployer.awake = True
        for dag_id in MANUAL:
            self.people.start(partial(self.starters.keep_starting, dag_id))
        self.platform.start(self.killer.work)
        chance = random.Random(f"victims {self.seed}")
        self._victims = set(chance.sample(range(2, self.deployments), self.kills))

    def _deploy(self, deployment: Deployment) -> None:
        """A deployment; in some a tick is killed, or else in the next."""
        self.people.check()
        self.platform.check()
        if deployment.version.name not in self.stage.code.releases and deployment.number > self.deployments:
            self.stage.code.publish(deployment.version, "dags", "libs")
        self.killer.armed += deployment.number in self._victims
        self.deployer.deploy(deployment)

    def _finish(self) -> Evidence:
        """Let the last deployment and all runs come to their end."""
        self.deployer.converge()
        self.people.end(JOIN)
        until = time.time()
        wait_until(lambda: not self._unended(until), RUN_ENDS, "all runs have ended")
        self.deployer.converge()
        self.platform.end(JOIN)
        killer = self.killer
        assert len(killer.kills) == self.kills, f"{len(killer.kills)} kills; {killer.missed} came too late"
        return self.collector.collect(until, self.starters.started, self.deployer.done, killer.kills)

    def _unended(self, until: float) -> list[str]:
        runs = [run for dag_id in DAGS for run in self.stage.airflow.every_run(dag_id)]
        return [run.run_id for run in runs if run.due < until and run.state not in ("success", "failed")]
