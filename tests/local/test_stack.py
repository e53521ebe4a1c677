"""A whole stack: its parts work together, two run side by side, and nothing remains when it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from local.aws import client
from local.environments import ROOT
from local.errors import LocalError
from local.home import Home
from local.processes import wait_until
from local.stack_info import StackInfo
from tests.local import light_stack

pytestmark = pytest.mark.stack

HELD = "import sys; from pathlib import Path; from tests.local.light_stack import start; import time\n"
HELD += "start(Path(sys.argv[1])); print('up', flush=True); time.sleep(600)"

DAG = """
from airflow.sdk import dag

@dag(schedule=None, dag_id="came_through_the_bucket")
def build(): ...

build()
"""


def test_a_dag_in_the_bucket_is_known_to_airflow_by_way_of_mwaa(stack: StackInfo) -> None:
    airflow = stack.airflows["dev"]
    s3, mwaa = client("s3", stack.aws_endpoint), client("mwaa", stack.mwaa_endpoint)
    key = "dags/came_through_the_bucket.py"
    s3.put_object(Bucket=airflow.bucket, Key=key, Body=DAG.encode())

    def known() -> bool:
        answer = mwaa.invoke_rest_api(Name=airflow.mwaa, Path="/dags", Method="GET")["RestApiResponse"]
        return "came_through_the_bucket" in [dag["dag_id"] for dag in answer["dags"]]

    try:
        wait_until(known, 60, "the DAG is known")
    finally:
        s3.delete_object(Bucket=airflow.bucket, Key=key)
    wait_until(lambda: not known(), 60, "the DAG is forgotten")


def test_postgresql_takes_databases(stack: StackInfo) -> None:
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute("create database side_by_side")
        connection.execute("drop database side_by_side")


def test_airflow_is_airflow_3_0_6(stack: StackInfo) -> None:
    with urllib.request.urlopen(f"{stack.airflow_url}/api/v2/version", timeout=10) as answer:
        assert json.load(answer)["version"] == "3.0.6"


def test_a_shell_gets_what_a_program_gets(stack: StackInfo) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    script = f"source {stack.home}/env.sh; {sys.executable} -c '{show}'"
    shown = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env={})
    seen = json.loads(shown.stdout)
    assert {name: seen.get(name) for name in stack.env} == dict(stack.env)
    assert StackInfo.read(Path(stack.home)) == stack


def test_two_stacks_share_nothing(light: StackInfo, tmp_path: Path) -> None:
    other = light_stack.start(tmp_path / "other")
    try:
        client("s3", other.info.aws_endpoint).create_bucket(Bucket="only-in-the-other")
        buckets = client("s3", light.aws_endpoint).list_buckets()["Buckets"]
        assert "only-in-the-other" not in [bucket["Name"] for bucket in buckets]
        assert (
            light_stack.invoke(other.info, "Sweep", {})[1]["env"]["RECONCILER_REPO_URL"] == other.info.git_url
        )
        assert light_stack.invoke(light, "Sweep", {})[1]["env"]["RECONCILER_REPO_URL"] == light.git_url
        with pytest.raises(LocalError, match="already runs"):
            light_stack.start(tmp_path / "other")
    finally:
        other.down()
    assert light_stack.invoke(light, "Sweep", {})[0] is None


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", HELD, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    with supervisor.stdout:
        assert any(line == "up\n" for line in supervisor.stdout)
    leashes = StackInfo.read(home).processes
    assert all(running(pid) for pid in leashes.values())
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: Home.at(home).supervisor() is None, 40, "the last of it is gone")
    assert not any(running(pid) for pid in leashes.values())


def test_a_folder_that_is_not_a_stacks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalError, match="not empty"):
        Home.at(tmp_path).take()
    assert (tmp_path / "thesis.txt").exists()


def running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
