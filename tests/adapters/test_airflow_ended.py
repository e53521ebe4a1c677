"""Reading runs that ended through MWAA: pages of 100, no more of them than it takes, nothing in the path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.adapters import airflow_ended
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_transport import Answer, Request
from reconciler.adapters.memory import MemoryClock
from reconciler.model.errors import Transient
from reconciler.model.seen import EndedRun, Heartbeats
from tests.adapters.mwaa_stub import Mwaa, run_row, task_row
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
SINCE = NOW - timedelta(days=30)


def row(dag_id: str, minutes: float, state: str = "success", **other: str | None) -> dict[str, Any]:
    """A run that took a minute and ended so many minutes ago."""
    ended = NOW - minutes * MINUTE
    dates = {"start_date": (ended - MINUTE).isoformat(), "end_date": ended.isoformat()}
    return {**run_row(dag_id, f"{dag_id}-{minutes}"), "state": state, **dates, **other}


class Paging:
    """An Airflow that answers the batch of DAG runs as the real one does, 100 rows at a time."""

    name = "the Airflow"

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows, self.asked = rows, list[dict[str, Any]]()

    def send(self, request: Request) -> Answer:
        import json

        assert (request.method, request.path) == ("POST", "/dags/~/dagRuns/list")
        asked: Any = request.body
        self.asked.append(asked)
        since, until = (datetime.fromisoformat(asked[f"end_date_{end}"]) for end in ("gte", "lte"))
        fits = [
            one
            for one in self.rows
            if one["dag_id"] in asked["dag_ids"] and since <= datetime.fromisoformat(one["end_date"]) <= until
        ]
        fits.sort(key=lambda one: str(one["end_date"]), reverse=True)
        page = fits[asked["page_offset"] : asked["page_offset"] + min(asked["page_limit"], 100)]
        return Answer(200, json.dumps({"dag_runs": page, "total_entries": len(fits)}).encode())

    def options(self) -> None: ...
    def busy(self) -> None: ...


def asked(rows: Sequence[dict[str, Any]], newest: int, *dag_ids: str) -> tuple[Paging, Sequence[EndedRun]]:
    there = Paging(rows)
    return there, AirflowClient(there, MemoryClock()).ended_runs(dag_ids, SINCE, NOW, newest)


def test_all_dags_are_asked_for_in_one_call() -> None:
    rows = [row(dag_id, minutes) for dag_id in ("a", "b") for minutes in range(5)]
    there, found = asked(rows, 10, "a", "b")
    assert len(there.asked) == 1
    assert there.asked[0]["states"] == ["success", "failed"]
    assert there.asked[0]["page_limit"] == 100
    assert Counter(run.dag_id for run in found) == {"a": 5, "b": 5}


def test_a_dag_that_runs_each_minute_does_not_hide_one_that_runs_each_day() -> None:
    busy = [row("each-minute", minutes) for minutes in range(30 * 1440)]
    daily = [row("each-day", days * 1440 + 0.5) for days in range(30)]
    there, found = asked([*busy, *daily], 20, "each-minute", "each-day")
    assert Counter(run.dag_id for run in found) == {"each-minute": 20, "each-day": 20}
    assert [run.run_id for run in found if run.dag_id == "each-minute"][-1] == "each-minute-0"
    assert len(there.asked) == 2
    assert [run.ended_at for run in found] == sorted(run.ended_at for run in found)


def test_runs_that_all_ended_at_one_moment_are_all_told() -> None:
    _, found = asked([row("a", 5, dag_run_id=f"run-{number}") for number in range(350)], 400, "a")
    assert len({run.run_id for run in found}) == 350


def test_more_runs_than_can_be_read_are_not_taken_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_ended, "MOST_PAGES", 3)
    rows = [row("a", minutes) for minutes in range(400)]
    with pytest.raises(Transient, match="More than 300 runs"):
        asked(rows, 1000, "a")


def test_no_dags_no_question() -> None:
    there, found = asked([row("a", 1)], 5)
    assert (there.asked, list(found)) == ([], [])


def test_a_run_that_never_started_took_no_time() -> None:
    _, (run,) = asked([row("a", 1, "failed", start_date=None)], 5, "a")
    assert (run.state, run.seconds, run.tries) == ("failed", 0, None)


def test_tries_are_asked_for_without_the_runs_id_in_the_path(mwaa: Mwaa) -> None:
    run_id = "scheduled__2026-11-21T05:00:00+00:00" * 3
    rows = [
        {**task_row("loads", run_id, "success", "one"), "try_number": 1},
        {**task_row("loads", run_id, "failed", "two"), "try_number": 4},
        {**task_row("loads", run_id, None, "three"), "try_number": 0},
    ]
    body = {"dag_ids": ["loads"], "dag_run_ids": [run_id], "order_by": "id"}
    expected = {
        "Name": "prod-airflow",
        "Path": "/dags/~/dagRuns/~/taskInstances/list",
        "Method": "POST",
        "Body": {**body, "page_limit": 100, "page_offset": 0},
    }
    said = {"RestApiStatusCode": 200, "RestApiResponse": {"task_instances": rows, "total_entries": 3}}
    mwaa.stub.add_response("invoke_rest_api", said, expected)
    assert mwaa.airflow.tries("loads", run_id) == 3


def health(scheduler: str | None, processor: str | None) -> dict[str, Any]:
    return {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": scheduler},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": processor},
    }


def test_signs_of_life_are_read_in_whatever_form_they_are_told(mwaa: Mwaa) -> None:
    expected = {"Name": "prod-airflow", "Path": "/monitor/health", "Method": "GET"}
    document = health("2026-11-21T06:00:00.5+01:00", "2026-11-21T05:00:00")
    said = {"RestApiStatusCode": 200, "RestApiResponse": document}
    mwaa.stub.add_response("invoke_rest_api", said, expected)
    beats = mwaa.airflow.heartbeats()
    assert beats == Heartbeats(scheduler=NOW + timedelta(seconds=0.5), dag_processor=NOW)


def test_a_part_that_never_lived_is_told_as_none(mwaa: Mwaa) -> None:
    mwaa.answers(health(None, None))
    assert mwaa.airflow.heartbeats() == Heartbeats()
