"""A checkpoint as a task of a real Airflow: it finds the connections, and tells people of warnings once."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.environments import airflow_python
from tests.quality.conftest import ROOT, Row, expect

TABLE = "raw_core.tasks"


@pytest.mark.airflow
@pytest.mark.long
def test_a_task_fails_for_an_error_and_tells_of_a_warning_once(
    new_suite: Callable[..., str], connection: Any, ask: Callable[..., list[Row]], tmp_path: Path
) -> None:
    ask("CREATE TABLE RAW_CORE.TASKS (ID NUMBER(38, 0))", "INSERT INTO RAW_CORE.TASKS VALUES (NULL)")
    rule = ("column_values_to_not_be_null", "key_not_null", TABLE)
    new_suite("warns", {TABLE: {}}, [expect(*rule, "warn", column="ID")])
    new_suite("fails", {TABLE: {}}, [expect(*rule, "error", column="ID")])
    said = task(tmp_path, connection, "warns", "warns", "fails")
    assert said.count("warns: 0 1 0\n") == 2
    assert "failed fails: key_not_null does not hold in raw_core.tasks.ID, 1 rows" in said
    assert "task postflight_x\n" in said
    (event,) = ask('SELECT "KIND", "SEVERITY", "OWNER", "MESSAGE", "LOG_URL" FROM OPS.PIPELINE_EVENT')
    assert event[:3] == ("quality_warning", "warn", "tests")
    assert event[3].endswith("key_not_null does not hold in raw_core.tasks.ID, 1 rows (ask tests)")
    assert event[4] == "http://log.example"


def task(folder: Path, connection: Any, *suites: str) -> str:
    """What a task has written."""
    described = {
        "conn_type": "snowflake",
        "host": connection.host,
        "port": connection.port,
        "login": connection.login,
        "password": connection.password,
        "schema": connection.schema,
        "extra": connection.extra_dejson,
    }
    nowhere = {"conn_type": "aws", "extra": {"bucket": "lake", "endpoint_url": "http://127.0.0.1:1"}}
    script = Path(__file__).with_name("task.py")
    done = subprocess.run(
        [str(airflow_python()), str(script), str(ROOT / "dags"), str(folder), *suites],
        env={
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW_CONN_WAREHOUSE": json.dumps(described),
            "AIRFLOW_CONN_LAKE": json.dumps(nowhere),
            "FINEDGE_QUALITY": os.environ["FINEDGE_QUALITY"],
            "TMPDIR": str(folder),
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "correct-horse" not in done.stdout + done.stderr
    return done.stdout
