"""MWAA as botocore's stubber plays it, and rows as Airflow's API tells them."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber

from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_mwaa import MwaaTransport
from reconciler.adapters.memory import MemoryClock
from tests.builders import NOW

NO_ERRORS = {"import_errors": [], "total_entries": 0}


class Mwaa:
    """A stubbed boto3 client and the adapter over it."""

    def __init__(self) -> None:
        self.boto: Any = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
        ).client("mwaa")
        self.stub = Stubber(self.boto)
        self.stub.activate()
        self.transport = MwaaTransport(self.boto, "prod-airflow")
        self.clock = MemoryClock()
        self.airflow = AirflowClient(self.transport, self.clock)

    def answers(self, document: Any, status: int = 200) -> None:
        self.stub.add_response("invoke_rest_api", {"RestApiStatusCode": status, "RestApiResponse": document})

    def airflow_refuses(self, status: int, detail: str = "no") -> None:
        code = "RestApiClientException" if status < 500 else "RestApiServerException"
        said = {"RestApiStatusCode": status, "RestApiResponse": {"detail": detail}}
        self.stub.add_client_error("invoke_rest_api", code, http_status_code=400, modeled_fields=said)

    def mwaa_refuses(self, code: str, status: int) -> None:
        self.stub.add_client_error("invoke_rest_api", code, "because", http_status_code=status)


def dag_row(dag_id: str) -> dict[str, Any]:
    """A DAG, as little of it as the generated client accepts."""
    texts = dict.fromkeys(("dag_display_name", "dag_id", "file_token", "fileloc"), dag_id)
    flags = dict.fromkeys(
        ("has_import_errors", "has_task_concurrency_limits", "is_paused", "is_stale"), False
    )
    numbers = {"max_active_tasks": 1, "max_consecutive_failed_dag_runs": 0}
    return {**texts, **flags, **numbers, "owners": [], "tags": []}


def run_row(dag_id: str, run_id: str) -> dict[str, Any]:
    """A manual run that is running."""
    return {
        "dag_id": dag_id,
        "dag_run_id": run_id,
        "dag_versions": [],
        "run_after": NOW.isoformat(),
        "run_type": "manual",
        "state": "running",
    }


def task_row(dag_id: str, run_id: str, state: str | None, task_id: str = "load") -> dict[str, Any]:
    """A task instance of a run."""
    texts = {"task_id": task_id, "task_display_name": task_id, "executor_config": "{}", "pool": "default"}
    numbers = {"map_index": -1, "max_tries": 0, "pool_slots": 1, "try_number": 1}
    return {
        **texts,
        **numbers,
        "id": f"{dag_id} {run_id} {task_id}",
        "dag_id": dag_id,
        "dag_run_id": run_id,
        "run_after": NOW.isoformat(),
        "state": state,
    }
