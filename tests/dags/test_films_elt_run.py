"""films_elt and the small DAGs, run by a real Airflow from source to rated films."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.films_source import create_database, rows, seed
from local.postgres import Postgres
from local.processes import free_port, wait_until
from tests.dags.airflow_site import AirflowSite
from tests.dags.conftest import ROOT, fetch

pytestmark = pytest.mark.airflow

COUNTS = {name: len(content) for name, content in rows().items()}
_RUNS = count(1)


@dataclass(frozen=True)
class Site(AirflowSite):
    """An Airflow with our DAGs, and its source and destination."""

    source: str
    destination: str

    def run(self, dag_id: str, conf: dict[str, object] | None = None) -> str:
        """Trigger a DAG and wait for the end; returns the run's id."""
        wait_until(lambda: self._knows(dag_id), 60, f"{dag_id} is found")
        self.call(f"dags/{dag_id}", {"is_paused": False}, "PATCH")
        run_id = f"test_{next(_RUNS)}"
        self.call(f"dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}})
        wait_until(lambda: self.state(dag_id, run_id) in ("success", "failed"), 180, f"{dag_id} ends")
        return run_id

    def state(self, dag_id: str, run_id: str) -> str:
        return str(self.call(f"dags/{dag_id}/dagRuns/{run_id}")["state"])

    def result(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task returned."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.call(f"{path}?stringify=false")["value"]

    def _knows(self, dag_id: str) -> bool:
        return dag_id in [dag["dag_id"] for dag in self.call("dags?limit=100")["dags"]]


@pytest.fixture(scope="module")
def site(
    platform_python: Path,
    dbt_executable: Path,
    postgres: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    home, server = tmp_path_factory.mktemp("films"), postgres.url.rpartition("/")[0]
    source, destination = f"{server}/films_source", f"{server}/films_destination"
    create_database(destination)
    for part in ("dags", "dbt"):
        shutil.copytree(ROOT / part, home / "release" / part, ignore=shutil.ignore_patterns("__pycache__"))
    extra = {
        "AIRFLOW_CONN_FILMS_SOURCE": source,
        "AIRFLOW_CONN_FILMS_DESTINATION": destination,
        "FINEDGE_DBT": str(dbt_executable),
    }
    dags = home / "release" / "dags"
    airflow = start_airflow(
        AirflowConfig(home=home, port=free_port(), dags=dags, worker_dags=dags, extra=extra), platform_python
    )
    yield Site(airflow, source, destination)
    airflow.stop()


@pytest.mark.long  # the first scene of the demo is the short one of this
def test_films_travel_from_source_to_rated(site: Site) -> None:
    seed(site.source, site.destination)
    first = site.run("films_elt")
    assert site.state("films_elt", first) == "success"
    assert site.result("films_elt", first, "run_elt_script") == COUNTS
    assert site.result("films_elt", first, "run_dbt_models") == {"run": {"success": 6}, "test": {"pass": 26}}
    rated = fetch(site.destination, "SELECT * FROM analytics.film_ratings ORDER BY film_id")
    assert len(rated) == COUNTS["films"]

    again = site.run("films_elt")
    assert site.state("films_elt", again) == "success"
    assert fetch(site.destination, "SELECT * FROM analytics.film_ratings ORDER BY film_id") == rated
    for name, rows_of_it in COUNTS.items():
        assert fetch(site.destination, f"SELECT count(*) FROM raw.{name}") == [(rows_of_it,)]


def test_the_probe_says_which_code_ran(site: Site) -> None:
    run_id = site.run("release_probe")
    found = site.result("release_probe", run_id, "report")
    folder = site.airflow.config.dags
    assert found["dag"] == found["library"] == "1.0.0"
    assert Path(found["file"]) == folder / "release_probe.py"
    assert Path(found["library_file"]) == folder / "lib" / "version.py"


def test_the_slow_report_takes_as_long_as_it_is_told(site: Site) -> None:
    began = time.monotonic()
    run_id = site.run("slow_report", {"seconds": 6})
    assert site.state("slow_report", run_id) == "success"
    # Not Airflow's own figure, which is wrong when the machine's clock is set meanwhile.
    assert time.monotonic() - began >= 6
    assert site.result("slow_report", run_id, "collect") == site.result("slow_report", run_id, "summarise")
    assert site.state("heartbeat", site.run("heartbeat")) == "success"
