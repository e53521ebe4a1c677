"""Runs the pipelines of one day: each as soon as those that it waits for have succeeded."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from local.platform.days import interval
from local.platform.pipelines import Pipeline
from local.sources.times import Interval

SUCCESS, FAILED, NEVER = "success", "failed", "not run"
ENDED = (SUCCESS, FAILED)


@dataclass(frozen=True)
class Run:
    """A pipeline's run of the first (0) or second (1) interval, and how it ended."""

    dag_id: str
    number: int
    state: str
    seconds: float = 0.0

    @property
    def run_id(self) -> str:
        """As Airflow knows it."""
        return run_id(self.number)


def run_id(number: int) -> str:
    """Of an interval: the same for all pipelines."""
    return f"platform-{number + 1}"


def never(pipelines: Sequence[Pipeline], number: int) -> list[Run]:
    """Runs that were not begun."""
    return [Run(one.dag_id, number, NEVER) for one in pipelines]


class Runner(Protocol):
    """What is asked of Airflow."""

    def begin(self, pipeline: Pipeline, run_id: str, interval: Interval) -> None:
        """Start a run that is about an interval."""

    def state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""

    def seconds(self, dag_id: str, run_id: str) -> float:
        """How long a run that has ended took."""


@dataclass(frozen=True)
class Day:
    """How the pipelines of a day are run. `at_once`: so many runs are begun at most.

    `tell` hears of each run that ended, `show` of those under way. Time, in seconds, can be replaced.
    """

    runner: Runner
    number: int
    at_once: int
    tell: Callable[[Run], object]
    show: Callable[[Sequence[str]], object]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def drive(self, pipelines: Sequence[Pipeline], deadline: float) -> list[Run]:
        """Run them all; how each ended. Those that wait for one that failed are never begun.

        Raises TimeoutError with what still runs, at a moment of `clock`.
        """
        ended: dict[str, Run] = {}
        waiting, running = list(pipelines), set[str]()
        while waiting or running:
            for one in [one for one in waiting if self._lost(one, ended)]:
                waiting.remove(one)
                self._end(ended, Run(one.dag_id, self.number, NEVER))
            ready = [one for one in waiting if self._ready(one, pipelines, ended)]
            for one in ready[: self.at_once - len(running)]:
                waiting.remove(one)
                self.runner.begin(one, run_id(self.number), interval(one.period, self.number))
                running.add(one.dag_id)
            self.show(sorted(running))
            for dag_id in self._done(running):
                running.remove(dag_id)
                self._end(ended, self._outcome(dag_id))
            if running and self.clock() > deadline:
                raise TimeoutError(f"still running: {', '.join(sorted(running))}")
        return [ended[one.dag_id] for one in pipelines]

    def _lost(self, one: Pipeline, ended: dict[str, Run]) -> bool:
        return any(before in ended and ended[before].state != SUCCESS for before in one.after)

    def _ready(self, one: Pipeline, pipelines: Sequence[Pipeline], ended: dict[str, Run]) -> bool:
        # Of those that it waits for, some may not be among the pipelines that were asked for.
        return all(before in ended for before in one.after if any(before == two.dag_id for two in pipelines))

    def _done(self, running: set[str]) -> list[str]:
        found = [one for one in sorted(running) if self.runner.state(one, run_id(self.number)) in ENDED]
        if not found:
            self.sleep(1)
        return found

    def _outcome(self, dag_id: str) -> Run:
        name = run_id(self.number)
        return Run(dag_id, self.number, self.runner.state(dag_id, name), self.runner.seconds(dag_id, name))

    def _end(self, ended: dict[str, Run], run: Run) -> None:
        ended[run.dag_id] = run
        self.tell(run)
