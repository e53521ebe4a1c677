"""Each of the 25 DAGs, as a real Airflow parses it, beside its row of the table; and what holds for all."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lib.alerts.deadlines import declared

from tests.dags.conftest import ROOT
from tests.dags.platform_table import ASSETS, PIPELINES, Pipeline
from tests.dags.test_dag_structure import parse

pytestmark = pytest.mark.airflow
# Importing one of these takes a good part of a second or more; a task that needs it imports it.
HEAVY = {"snowflake", "boto3", "botocore", "pandas", "numpy", "great_expectations", "requests"}


@pytest.fixture(scope="module")
def parsed(platform_python: Path) -> dict[str, Any]:
    return parse(platform_python, ROOT / "dags")


def there(parsed: dict[str, Any], pipeline: Pipeline) -> dict[str, Any]:
    dag: dict[str, Any] = parsed["dags"][pipeline.dag_id]
    return dag


def pipelines() -> list[Any]:
    """Those whose files are here."""
    return [
        pytest.param(one, id=one.dag_id) for one in PIPELINES if (ROOT / "dags" / f"{one.dag_id}.py").exists()
    ]


def test_ids_are_short_and_nothing_is_named_twice() -> None:
    ids = [one.dag_id for one in PIPELINES]
    assert [one.number for one in PIPELINES] == list(range(1, 26))
    assert len(set(ids)) == 25
    assert all(len(one) <= 38 for one in ids)


def test_parsing_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert HEAVY & set(parsed["imported"]) == set()
    # Told, not asserted: how fast the machine is, is not the DAGs' doing.
    print(f"{len(parsed['dags'])} DAGs parsed in {parsed['seconds']:.2f} s")


@pytest.mark.parametrize("pipeline", pipelines())
def test_a_dag_is_as_its_row_says(parsed: dict[str, Any], pipeline: Pipeline) -> None:
    dag = there(parsed, pipeline)
    assert dag["schedule"] == pipeline.schedule
    assert dag["owners"] == [pipeline.owner]
    assert set(dag["retries"].values()) == {pipeline.retries}
    assert dag["retry_minutes"] == [pipeline.retry_minutes]
    assert dag["catchup"] is False
    assert dag["max_active_runs"] == 1
    assert {pipeline.kind, f"owner:{pipeline.owner}"} <= set(dag["tags"])
    assert any(tag.startswith("domain:") for tag in dag["tags"])
    assert all(dag["callbacks"].values()), "a failure that nobody hears of"
    assert dag["doc"]


@pytest.mark.parametrize("pipeline", pipelines())
def test_a_dag_promises_what_its_row_says(pipeline: Pipeline) -> None:
    wanted = pipeline.sla if isinstance(pipeline.sla, dict) else {"": pipeline.sla}
    found = [one for one in declared(ROOT / "dags" / "config") if one.dag_id == pipeline.dag_id]
    assert {one.task_id: one.after for one in found} == {
        task: timedelta(minutes=minutes) for task, minutes in wanted.items()
    }
    schedule = None if pipeline.schedule == ASSETS else pipeline.schedule
    assert {(one.schedule, one.owner) for one in found} == {(schedule, pipeline.owner)}


@pytest.mark.parametrize("pipeline", [one for one in pipelines() if one.values[0].kind != "handwritten"])
def test_a_dag_of_the_factory_takes_and_gives_assets(parsed: dict[str, Any], pipeline: Pipeline) -> None:
    dag = there(parsed, pipeline)
    assert set(dag["outlets"]) == uris(pipeline.gives)
    assert set(dag["assets"]) == uris(pipeline.takes)


def uris(paths: tuple[str, ...]) -> set[str]:
    return {f"snowflake://finedge/{path}" for path in paths}


@pytest.mark.parametrize("pipeline", [one for one in pipelines() if "ingest" in one.id])
def test_a_load_stages_checks_and_publishes(parsed: dict[str, Any], pipeline: Pipeline) -> None:
    dag = there(parsed, pipeline)
    waits = {"ingest_pg_ledger": "wait_for_close"}.get(pipeline.dag_id)
    waits = waits or ("wait_for_files" if pipeline.kind == "s3_file_feed" else None)
    assert dag["edges"] == sorted(
        [
            ["preflight", "publish"],
            ["stage", "preflight"],
            ["stage", "publish"],
            *([[waits, "stage"]] if waits else []),
        ]
    )
    if waits:
        assert dag["modes"][waits] == "reschedule"


def test_one_bad_configuration_breaks_one_dag(platform_python: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    kept = ("ingest_pg_loans", "ingest_pg_cards", "ingest_s3_fx_rates")
    shutil.copytree(ROOT / "dags" / "lib", folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "config").mkdir()
    for dag_id in kept:
        shutil.copy(ROOT / "dags" / f"{dag_id}.py", folder)
        shutil.copy(ROOT / "dags" / "config" / f"{dag_id}.yml", folder / "config")
    for name in ("platform_deadlines.py", ".airflowignore"):
        shutil.copy(ROOT / "dags" / name, folder)
    bad = folder / "config" / "ingest_pg_cards.yml"
    bad.write_text(bad.read_text().replace("sla_minutes: 40", "sla_minutes: forty"))
    found = parse(platform_python, folder)
    assert set(found["dags"]) == {"ingest_pg_loans", "ingest_s3_fx_rates", "platform_deadlines"}
    (error,) = found["errors"].values()
    assert "ConfigError: config/ingest_pg_cards.yml:8: sla_minutes: expected to be a valid integer" in error
