"""What is asked of Airflow to create the runs that it left out, and what its refusals mean."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.adapters.airflow_client import AirflowClient
from reconciler.model.errors import Terminal
from tests.adapters.mwaa_stub import Mwaa
from tests.builders import NOW

MINUTES = [NOW + timedelta(minutes=n) for n in range(3)]


def asked(mwaa: Mwaa, path: str, answer: Any, repeat: str = "none") -> None:
    """The next request, and its answer."""
    body = {
        "dag_id": "loads",
        "from_date": MINUTES[0].isoformat(),
        "to_date": MINUTES[-1].isoformat(),
        "max_active_runs": 1,
        "reprocess_behavior": repeat,
        "run_backwards": False,
    }
    expected = {"Name": "prod-airflow", "Path": path, "Method": "POST", "Body": body}
    said = {"RestApiStatusCode": 200, "RestApiResponse": answer}
    mwaa.stub.add_response("invoke_rest_api", said, expected)


def missing(*dates: datetime) -> dict[str, Any]:
    rows = [{"logical_date": date.isoformat()} for date in dates]
    return {"backfills": rows, "total_entries": len(rows)}


CREATED = {
    "created_at": NOW.isoformat(),
    "dag_id": "loads",
    "dag_run_conf": {},
    "from_date": NOW.isoformat(),
    "id": 1,
    "is_paused": False,
    "max_active_runs": 1,
    "reprocess_behavior": "none",
    "to_date": NOW.isoformat(),
    "updated_at": NOW.isoformat(),
}


def create(airflow: AirflowClient, most: int = 50) -> list[datetime]:
    return list(airflow.create_missing("loads", MINUTES[0], MINUTES[-1], most))


def test_where_none_is_missing_none_is_created(mwaa: Mwaa) -> None:
    asked(mwaa, "/backfills/dry_run", missing())
    assert create(mwaa.airflow) == []


def test_what_is_missing_is_created_one_at_a_time(mwaa: Mwaa) -> None:
    asked(mwaa, "/backfills/dry_run", missing(MINUTES[1], MINUTES[0]))
    asked(mwaa, "/backfills", CREATED)
    assert create(mwaa.airflow) == MINUTES[:2]


def test_where_tasks_depend_on_the_past_it_is_asked_for_otherwise(mwaa: Mwaa) -> None:
    mwaa.airflow_refuses(422, "You must set reprocess behavior to reprocess completed or failed.")
    asked(mwaa, "/backfills/dry_run", missing(MINUTES[1]), "failed")
    asked(mwaa, "/backfills", CREATED, "failed")
    assert create(mwaa.airflow) == [MINUTES[1]]


def test_a_dag_without_a_schedule_is_refused(mwaa: Mwaa) -> None:
    mwaa.airflow_refuses(422, "loads has no schedule")
    mwaa.airflow_refuses(422, "loads has no schedule")
    with pytest.raises(Terminal, match="no schedule"):
        create(mwaa.airflow)


def test_what_was_created_although_the_answer_was_lost_is_told(mwaa: Mwaa) -> None:
    asked(mwaa, "/backfills/dry_run", missing(MINUTES[1]))
    mwaa.airflow_refuses(503)
    mwaa.airflow_refuses(409)
    asked(mwaa, "/backfills/dry_run", missing())
    assert create(mwaa.airflow) == [MINUTES[1]]


def test_a_backfill_of_somebody_else_is_left_alone_and_told(mwaa: Mwaa) -> None:
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
    mwaa.airflow_refuses(409)
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
    mwaa.answers({"backfills": [CREATED], "total_entries": 1})
    with pytest.raises(Terminal, match="has another backfill") as told:
        create(mwaa.airflow)
    assert f"({CREATED['id']}, " in str(told.value)
    assert f"--from-date {MINUTES[0].isoformat()} --to-date {MINUTES[-1].isoformat()}" in str(told.value)


@pytest.mark.parametrize("times", [1, 3])
def test_a_backfill_of_ours_that_got_stuck_half_made_is_ended_and_made_anew(mwaa: Mwaa, times: int) -> None:
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
    stuck = {**CREATED, "from_date": MINUTES[0].isoformat(), "to_date": MINUTES[-1].isoformat(), "id": 7}
    for _ in range(times):
        mwaa.airflow_refuses(500)
        mwaa.airflow_refuses(409)
        asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
        mwaa.answers({"backfills": [stuck], "total_entries": 1})
        expected = {"Name": "prod-airflow", "Path": "/backfills/7/cancel", "Method": "PUT"}
        answer = {"RestApiStatusCode": 200, "RestApiResponse": stuck}
        mwaa.stub.add_response("invoke_rest_api", answer, expected)
    asked(mwaa, "/backfills", CREATED)
    assert create(mwaa.airflow) == MINUTES


@pytest.mark.parametrize("left", [1, 2])
def test_one_of_ours_that_is_under_way_leaves_the_newest_to_airflow(mwaa: Mwaa, left: int) -> None:
    since = MINUTES[0].isoformat()
    ours = {**CREATED, "from_date": since, "to_date": since, "max_active_runs": 1}
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES[-left:]))
    mwaa.airflow_refuses(409)
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES[-left:]))
    mwaa.answers({"backfills": [ours], "total_entries": 1})
    if left == 1:
        assert list(create(mwaa.airflow)) == []
    else:
        with pytest.raises(Terminal, match="has another backfill"):
            create(mwaa.airflow)


def test_a_backfill_that_has_just_ended_is_not_in_the_way(mwaa: Mwaa) -> None:
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
    mwaa.airflow_refuses(409)
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
    ended = {**CREATED, "completed_at": MINUTES[-1].isoformat()}
    mwaa.answers({"backfills": [ended], "total_entries": 1})
    asked(mwaa, "/backfills", CREATED)
    assert create(mwaa.airflow) == MINUTES


def test_more_than_can_be_meant_are_not_created(mwaa: Mwaa) -> None:
    asked(mwaa, "/backfills/dry_run", missing(*MINUTES))
    with pytest.raises(Terminal, match="3 runs of loads are missing"):
        create(mwaa.airflow, most=2)
    mwaa.stub.assert_no_pending_responses()
