"""The Airflow that the tests and the stack run is a real one: it sees a DAG file and answers its REST API."""

from __future__ import annotations

import json
import urllib.request

import pytest

from local.airflow import Airflow
from local.processes import wait_until

pytestmark = pytest.mark.airflow

DAG = """
from airflow.sdk import dag, task

@dag(schedule=None, dag_id="hello_of_the_local_stack")
def build():
    @task
    def hello():
        return "hello"
    hello()

build()
"""


def dag_ids(server: Airflow) -> list[str]:
    headers = {"Authorization": f"Bearer {server.token()}"}
    request = urllib.request.Request(f"{server.url}/api/v2/dags", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return [dag["dag_id"] for dag in json.load(answer)["dags"]]


def test_a_dag_file_is_found_and_a_deleted_one_forgotten(airflow_server: Airflow) -> None:
    file = airflow_server.config.dags / "hello_of_the_local_stack.py"
    file.write_text(DAG)
    try:
        wait_until(lambda: "hello_of_the_local_stack" in dag_ids(airflow_server), 60, "DAG is found")
    finally:
        file.unlink()
    wait_until(lambda: "hello_of_the_local_stack" not in dag_ids(airflow_server), 60, "DAG is forgotten")
