"""Fixtures for tests that need real servers: an Airflow, or the whole stack.

Registered by `tests/conftest.py`. An Airflow starts once per session; a stack once per module, for it keeps a
core half busy. Both on free ports, and ended with all their children. Mark tests that use them `airflow` or
`stack`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.airflow import Airflow, start_airflow
from local.airflow_settings import AirflowConfig
from local.environments import AIRFLOW_VERSIONS, bare_airflow_python
from local.environments import airflow_python as install_airflow
from local.options import StackOptions
from local.processes import free_port
from local.stack import Stack
from local.stack_info import StackInfo


@pytest.fixture(scope="session")
def airflow_python() -> Path:
    """Interpreter of the locked Airflow 3.0.6 with few providers; made first if it is missing."""
    return bare_airflow_python()


@pytest.fixture(scope="session")
def platform_python() -> Path:
    """Interpreter of the locked Airflow 3.0.6 with what the platform's pipelines need."""
    return install_airflow()


@pytest.fixture(scope="session", params=AIRFLOW_VERSIONS)
def airflow_version(request: pytest.FixtureRequest) -> str:
    """Each version of Airflow in turn, for what has to hold on all of them."""
    return str(request.param)


@pytest.fixture(scope="session")
def versioned_python(airflow_version: str) -> Path:
    """Interpreter of the locked Airflow ``airflow_version``; made first if it is missing."""
    return (
        bare_airflow_python()
        if airflow_version == AIRFLOW_VERSIONS[0]
        else install_airflow(version=airflow_version)
    )


@pytest.fixture(scope="session")
def airflow_server(airflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """A running Airflow: `url`, `config.dags` (its DAG folder, empty), `token()`, `python`, `env`."""
    home = tmp_path_factory.mktemp("airflow")
    cache = {"RECONCILER_RELEASE_CACHE": str(home / "releases")}
    dags = home / "dags"
    config = AirflowConfig(home=home, port=free_port(), dags=dags, worker_dags=dags, extra=cache)
    server = start_airflow(config, airflow_python)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    """The whole stack from the project's own template and handlers; the environment repo is empty."""
    running = Stack.up(tmp_path_factory.mktemp("stack") / "home", StackOptions())
    yield running.info
    running.down()
