"""Which runs were in flight at some time: asked twice, so that none slips through between the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.adapters.mwaa_stub import Mwaa, run_row
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
SINCE, UNTIL = NOW, NOW + 10 * MINUTE


def asked(mwaa: Mwaa, chosen: dict[str, Any], *rows: dict[str, Any]) -> None:
    """The next request, and its answer."""
    body = {"dag_ids": ["loads"], "order_by": "id", "page_limit": 100, "page_offset": 0, **chosen}
    path = "/dags/~/dagRuns/list"
    expected = {"Name": "prod-airflow", "Path": path, "Method": "POST", "Body": body}
    document = {"dag_runs": list(rows), "total_entries": len(rows)}
    said = {"RestApiStatusCode": 200, "RestApiResponse": document}
    mwaa.stub.add_response("invoke_rest_api", said, expected)


def row(run_id: str, state: str, **minutes: float) -> dict[str, Any]:
    """A run, with its dates so many minutes after the beginning."""
    dates = {field: (NOW + number * MINUTE).isoformat() for field, number in minutes.items()}
    return run_row("loads", run_id) | {"state": state} | dates


def test_a_run_counts_from_when_it_was_queued_until_it_ended(mwaa: Mwaa) -> None:
    asked(
        mwaa,
        {"states": ["queued", "running"]},
        row("runs", "running", queued_at=-90, start_date=-89),
        row("ends", "running", queued_at=1, start_date=2),
        row("waits", "queued", queued_at=9),
        row("late", "queued", queued_at=11),
    )
    asked(
        mwaa,
        {"end_date_gte": SINCE.isoformat()},
        row("ends", "success", queued_at=1, start_date=2, end_date=12),
        row("later", "success", queued_at=11, start_date=12, end_date=13),
    )
    found = {run.run_id: run for run in mwaa.airflow.runs_between(["loads"], SINCE, UNTIL)}
    assert found.keys() == {"runs", "ends", "waits"}
    assert found["runs"].in_flight_from == NOW - 90 * MINUTE
    assert (found["ends"].state, found["ends"].ended_at) == ("success", NOW + 12 * MINUTE)
