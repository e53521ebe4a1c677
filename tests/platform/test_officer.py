"""Somebody approves each report once, and nothing but reports that wait for it."""

from __future__ import annotations

from typing import Any, cast

from local.demo.airflow_api import TaskRun
from local.platform.officer import PREPARES, REPORTING, WAITS, Officer
from local.platform.runner import AirflowRunner

WAITING = TaskRun(WAITS, "up_for_reschedule", 1, -1)


class Airflow:
    """Knows what waits, and what tasks have said."""

    def __init__(self, *waiting: tuple[str, str, TaskRun]) -> None:
        self.waiting = list(waiting)

    def in_state(self, *states: str) -> list[tuple[str, str, TaskRun]]:
        return [one for one in self.waiting if one[2].state in states]

    def said(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
        assert (dag_id, task_id) == (REPORTING, PREPARES)
        return {"report": f"report of {run_id}", "digest": f"digest of {run_id}"}


def officer(airflow: Airflow) -> tuple[Officer, list[tuple[str, str]]]:
    """With what they have decided."""
    decided: list[tuple[str, str]] = []
    runner = AirflowRunner(cast(Any, airflow))
    return Officer(runner, lambda report, digest: decided.append((report, digest))), decided


def test_each_report_is_approved_once() -> None:
    airflow = Airflow((REPORTING, "june", WAITING))
    one, decided = officer(airflow)
    assert one.look() == ["report of june"]
    assert one.look() == []
    airflow.waiting.append((REPORTING, "july", WAITING))
    assert one.look() == ["report of july"]
    assert decided == [("report of june", "digest of june"), ("report of july", "digest of july")]


def test_other_waiting_tasks_are_let_alone() -> None:
    inputs = TaskRun("wait_for_inputs", "up_for_reschedule", 1, -1)
    one, decided = officer(Airflow((REPORTING, "june", inputs), ("films_elt", "june", WAITING)))
    assert one.look() == []
    assert decided == []


def test_an_airflow_that_is_too_busy_is_asked_again() -> None:
    class Busy(Airflow):
        def in_state(self, *states: str) -> list[tuple[str, str, TaskRun]]:
            raise TimeoutError

    assert officer(Busy())[0].look() == []
