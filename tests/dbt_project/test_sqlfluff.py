"""What `make lint` says about SQL, and that what stands in for dbt lies where dbt does not find it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from local.environments import ROOT, dbt_executable
from local.films_source import create_database
from local.postgres import Postgres
from local.sql_lint import PROJECT, lint

# Starts dbt and sqlfluff.
pytestmark = pytest.mark.airflow
MOCKS = "sqlfluff_macros"


def copy(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT / "dbt", folder / "dbt"))


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda text: text, ""),
        (lambda text: text.replace("transaction_id,", "TRANSACTION_ID,", 1), "CP02"),
        (lambda text: text.replace("amount,", "amount, ,", 1), "PRS"),
        (lambda text: text.replace("customer_id,", "ref(,", 1), "PRS"),
        (lambda text: text.replace("{{ ref(", "{{ reff(", 1), "TMP"),
    ],
    ids=["as it is", "capitals", "comma before from", "no SQL", "unknown macro"],
)
def test_what_is_not_clean_is_told(tmp_path: Path, spoil: Callable[[str], str], rule: str) -> None:
    project = copy(tmp_path)
    for other in (project / "models").rglob("*.sql"):
        if other.name != "stg_transactions_ml.sql":
            other.unlink()
    model = project / "models" / "staging" / "core" / "stg_transactions_ml.sql"
    model.write_text(spoil(model.read_text()))
    done = lint(project)
    assert done.returncode == (1 if rule else 0), done.stdout
    assert rule in done.stdout


@pytest.fixture
def films(postgres: Postgres, tmp_path: Path) -> Callable[[Path], str]:
    """Runs a test of dbt's on a view that is there; what it prints."""
    url = f"{postgres.url.rpartition('/')[0]}/linted"
    create_database(url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS analytics")
        connection.execute("CREATE OR REPLACE VIEW analytics.stg_actors AS SELECT 1 AS actor_id")
    place = conninfo_to_dict(url)
    variables = {
        "FINEDGE_PG_HOST": str(place["host"]),
        "FINEDGE_PG_PORT": str(place["port"]),
        "FINEDGE_PG_USER": str(place["user"]),
        "FINEDGE_PG_DATABASE": "linted",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }

    def test(project: Path) -> str:
        folders = ("--project-dir", project, "--profiles-dir", project, "--target-path", tmp_path / "target")
        done = subprocess.run(
            [
                *(str(dbt_executable()), "--no-use-colors", "test", "--target", "films"),
                *("--select", "not_null_stg_actors_actor_id", *map(str, folders)),
                *("--log-path", str(tmp_path)),
            ],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    return test


@pytest.mark.long
def test_mocks_beside_the_macros_would_break_dbts_own_tests(
    films: Callable[[Path], str], tmp_path: Path
) -> None:
    project = copy(tmp_path)
    assert "PASS=1" in films(project)
    for mock in (project / MOCKS).glob("*.sql"):
        shutil.copy(mock, project / "macros")
    said = films(project)
    assert "ERROR=1" in said
    assert "in macro get_where_subquery" in said


def test_dbt_looks_for_macros_elsewhere() -> None:
    assert "macro-paths: [macros]" in (PROJECT / "dbt_project.yml").read_text()
    assert list((PROJECT / MOCKS).glob("*.sql"))
    mocked = {path.stem for path in (PROJECT / MOCKS).iterdir()}
    assert not mocked & {path.stem for path in (PROJECT / "macros").iterdir()}
