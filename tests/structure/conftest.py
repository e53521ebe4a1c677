"""Fixtures of the structure's tests: every Airflow on which releases are sealed, and each running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.processes import free_port
from tests.structure.running import Running
from tests.structure.sealing import Sealer


@pytest.fixture(scope="session")
def sealer(airflow_version: str, versioned_python: Path) -> Sealer:
    """Seals with each Airflow in turn."""
    return Sealer(versioned_python, airflow_version)


@pytest.fixture(scope="module")
def running(sealer: Sealer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same Airflow, running, with a DAG folder as the reconciler keeps it."""
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    # Airflow 3.2 tries a task that its DAG has not for three minutes.
    soon = {"AIRFLOW__WORKERS__MISSING_DAG_RETRY_DELAY": "1"}
    config = AirflowConfig(home=home, port=free_port(), dags=dags, worker_dags=dags, extra=soon)
    server = start_airflow(config, sealer.python, seconds=300)
    try:
        yield Running(server)
    finally:
        server.stop()
