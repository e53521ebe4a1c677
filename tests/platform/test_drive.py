"""The order in which pipelines run, and what becomes of those that wait for one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from local.platform.days import interval
from local.platform.drive import FAILED, NEVER, SUCCESS, Day, Run
from local.platform.pipelines import PIPELINES, Pipeline
from local.sources.times import Interval


@dataclass
class Airflow:
    """Ends each run after as many looks as are told, two otherwise."""

    fails: frozenset[str] = frozenset()
    looks: dict[str, int] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    asked: dict[str, Interval] = field(default_factory=dict)
    most: int = 0
    _seen: dict[str, int] = field(default_factory=dict)

    def begin(self, pipeline: Pipeline, run_id: str, interval: Interval) -> None:
        self.begun.append(pipeline.dag_id)
        self.asked[pipeline.dag_id] = interval
        self._seen[pipeline.dag_id] = 0
        self.most = max(self.most, sum(self._running(dag) for dag in self._seen))

    def state(self, dag_id: str, run_id: str) -> str:
        self._seen[dag_id] += 1
        if self._running(dag_id):
            return "running"
        return FAILED if dag_id in self.fails else SUCCESS

    def seconds(self, dag_id: str, run_id: str) -> float:
        return 1.5

    def _running(self, dag_id: str) -> bool:
        return self._seen[dag_id] < self.looks.get(dag_id, 2)


def drive(airflow: Airflow, pipelines: Sequence[Pipeline], at_once: int = 3, number: int = 0) -> list[Run]:
    seconds = iter(range(10_000))
    told: list[Run] = []
    day = Day(airflow, number, at_once, told.append, lambda _: None, lambda _: None, lambda: next(seconds))
    runs = day.drive(pipelines, deadline=500)
    assert sorted(told, key=lambda run: run.dag_id) == sorted(runs, key=lambda run: run.dag_id)
    return runs


A, B, C = Pipeline("a"), Pipeline("b", ("a",)), Pipeline("c", ("a", "b"), "week")


def test_each_begins_after_all_that_it_waits_for() -> None:
    airflow = Airflow(looks={"a": 5})
    runs = drive(airflow, [C, B, A])
    assert airflow.begun == ["a", "b", "c"]
    assert runs == [Run(name, 0, SUCCESS, 1.5) for name in "cba"]


def test_no_more_run_at_once_than_is_told() -> None:
    airflow = Airflow()
    drive(airflow, [Pipeline(f"p{number}") for number in range(10)], at_once=3)
    assert (airflow.most, len(airflow.begun)) == (3, 10)


def test_what_waits_for_a_failed_one_never_begins_and_others_do() -> None:
    airflow = Airflow(fails=frozenset("a"))
    runs = drive(airflow, [A, B, C, Pipeline("d")])
    assert airflow.begun == ["a", "d"]
    assert [run.state for run in runs] == [FAILED, NEVER, NEVER, SUCCESS]


def test_what_was_not_asked_for_is_not_waited_for() -> None:
    assert [run.state for run in drive(Airflow(), [C])] == [SUCCESS]


def test_what_never_ends_is_named() -> None:
    with pytest.raises(TimeoutError, match="still running: a"):
        drive(Airflow(looks={"a": 10_000}), [A, B])


def test_runs_are_asked_for_their_own_interval() -> None:
    airflow = Airflow()
    runs = drive(airflow, [A, C], number=1)
    assert airflow.asked == {"a": interval("day", 1), "c": interval("week", 1)}
    assert {run.run_id for run in runs} == {"platform-2"}


def test_all_25_can_be_run_in_some_order() -> None:
    runs = drive(Airflow(), PIPELINES)
    assert {run.state for run in runs} == {SUCCESS}
    assert len(runs) == len({run.dag_id for run in runs}) == 25
