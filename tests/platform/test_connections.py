"""What Airflow reads from Secrets Manager is what the DAGs connect with; its environment holds no secret."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import aws
from local.environments import ministack_python
from local.platform import connections
from local.processes import Process, free_port
from local.stack_info import StackInfo
from local.warehouse import login

MARKET = "http://127.0.0.1:7777/query"
IDS = {"finedge_source", "films_source", "films_destination", "warehouse", "landing", "lake"}
IDS |= {"market_api", "report_signing"}
# Read as a task reads them: by Airflow's own backend, of which nothing but its settings is ours.
READ = """
import json, sys
from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded
backends = ensure_secrets_backend_loaded()
def found(name):
    each = (backend.get_connection(conn_id=name) for backend in backends)
    return next((one for one in each if one is not None), None)
print(json.dumps({name: found(name) and [found(name).conn_type, found(name).host, found(name).port,
    found(name).login, found(name).password, found(name).schema, found(name).extra_dejson]
    for name in sys.argv[1:]}))
"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    process: Process = aws.start_aws(ministack_python(), port, tmp_path_factory.mktemp("aws"))
    yield f"http://127.0.0.1:{port}"
    process.stop()


def info(endpoint: str) -> StackInfo:
    values = dict.fromkeys(StackInfo.__dataclass_fields__, "")
    given = {
        "aws_endpoint": endpoint,
        "postgres_url": "postgresql://postgres@127.0.0.1:5555/postgres",
        "warehouse": login(6666),
    }
    return StackInfo(**{**values, **given})  # type: ignore[arg-type]


def test_nothing_in_the_environment_is_secret() -> None:
    env = connections.airflow_env("dev", Path("/dbt"), Path("/quality"))
    known = connections.connections(info("http://here"), "dev", MARKET)
    secrets = {str(one["password"]) for one in known.values() if "password" in one}
    dummies = set(aws.CREDENTIALS.values())
    assert secrets - dummies
    assert not (secrets - dummies) & set(env.values())
    assert not [name for name in env if name.startswith("AIRFLOW_CONN_")]


def test_buckets_and_databases_are_the_environments_own() -> None:
    for environment in ("dev", "prod"):
        found = connections.connections(info("http://here"), environment, MARKET)
        assert json.loads(str(found["landing"]["extra"]))["bucket"] == f"finedge-landing-{environment}"
        assert json.loads(str(found["lake"]["extra"]))["bucket"] == f"finedge-lake-{environment}"
        assert json.loads(str(found["warehouse"]["extra"]))["database"] == f"FINEDGE_{environment.upper()}"


@pytest.mark.airflow
def test_airflows_own_backend_finds_them_all(endpoint: str, platform_python: Path, tmp_path: Path) -> None:
    connections.write(info(endpoint), "dev", MARKET)
    env = connections.airflow_env("dev", Path("/dbt"), Path("/quality"))
    settings = {name: value.replace("{aws}", endpoint.removeprefix("http://")) for name, value in env.items()}
    done = subprocess.run(
        [str(platform_python), "-c", READ, *sorted(IDS), "alerts_slack"],
        env={"AIRFLOW_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1", **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("alerts_slack") is None
    assert set(found) == IDS
    assert found["finedge_source"][:6] == ["postgres", "127.0.0.1", 5555, "postgres", None, "finedge_source"]
    assert found["warehouse"][:6] == [
        "snowflake",
        "127.0.0.1",
        6666,
        "finedge",
        login(6666)["password"],
        "OPS",
    ]
    assert found["warehouse"][6] == {"account": "local", "protocol": "http", "database": "FINEDGE_DEV"}
    assert found["report_signing"][4].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert found["market_api"][:3] == ["http", "127.0.0.1", 7777]
    assert found["market_api"][6]["path"] == "/query"
