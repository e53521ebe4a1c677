"""A run that begins just when its DAG is flipped, in a container that copies the pointer late.

The copies are held back for as long as it takes, so that the outcome rests on no speed: within what
`syncSeconds` promises, every container may be so late.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.demo.environment_repo import ENVIRONMENT
from local.processes import wait_until
from tests.race_real.evidence import Collector, Containers, Evidence, pointers
from tests.race_real.people import RUN_ENDS, Deployer, Starters, Sweeper
from tests.race_real.plan import Course, Deployment
from tests.race_real.records import read
from tests.race_real.stage import DEV, SYNC_SECONDS, Stage
from tests.race_real.threads import Crew

DAG_ID = "alpha"
LONG = 40
"""The promise while a copy is held back, in seconds."""


def run_before_the_copy(stage: Stage) -> Evidence:
    """The DAG's first task runs before its container has the new pointer, the others after it."""
    course, crew = Course(0, stage.versions), Crew()
    starters = Starters(stage, int(time.time()))
    crew.start(Sweeper(stage).sweep)
    try:
        first = course.first()
        stage.code.publish(first, "dags", "libs")
        _promise(stage, SYNC_SECONDS)
        deployer = Deployer(stage, starters, course)
        deployer.deploy(Deployment(0, "first", first, None, waits=True))
        stage.airflow.unpause(DAG_ID)
        second = course.body(first, DAG_ID)
        stage.code.publish(second, "dags", "libs")
        collector = Collector(stage, course, Containers(stage, promised=LONG))
        _promise(stage, LONG)
        stage.point_to(second, f"Version {second.name}, which arrives late")
        with held_copies(stage):
            stage.environment.push()
            release = stage.code.release(second)
            wait_until(lambda: _newest(stage) == release, 120, "the pointer is written")
            run_id = starters.start(DAG_ID)
            wait_until(lambda: _began(stage, run_id), LONG, "the first task runs")
        wait_until(lambda: _ended(stage, run_id), RUN_ENDS, "the run has ended")
    finally:
        crew.end(60)
    return collector.collect(time.time(), starters.started, deployer.done)


@contextmanager
def held_copies(stage: Stage) -> Iterator[None]:
    """No container copies anything for as long as the context lasts."""
    leash = stage.info.processes[f"dag sync {DEV}"]
    pids = [int(pid) for pid in Path(f"/proc/{leash}/task/{leash}/children").read_text().split()]
    assert pids, "the process that copies was not found"
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _promise(stage: Stage, seconds: int) -> None:
    """Say in the next commit how long copies may take."""
    stage.environment.replace(ENVIRONMENT, r"(\n  syncSeconds: )\S+", rf"\g<1>{seconds}")


def _newest(stage: Stage) -> str:
    return pointers(stage)[DAG_ID][-1].call.history[0][0]


def _began(stage: Stage, run_id: str) -> bool:
    return any(record.run_id == run_id for record in read(stage.records))


def _ended(stage: Stage, run_id: str) -> bool:
    states = {run.run_id: run.state for run in stage.airflow.every_run(DAG_ID)}
    return states.get(run_id) in ("success", "failed")
