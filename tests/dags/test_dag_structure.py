"""The DAGs as a real Airflow parses them: no import errors, the declared shape, nothing done meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.dag_generator import generate
from tests.dags.conftest import ROOT

pytestmark = pytest.mark.airflow


def parse(python: Path, folder: Path) -> dict[str, Any]:
    """What `parse_folder.py` says about a folder."""
    script = ROOT / "tests" / "dags" / "parse_folder.py"
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    done = subprocess.run(
        [str(python), str(script), str(folder)], env=kept, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def parsed(platform_python: Path) -> dict[str, Any]:
    return parse(platform_python, ROOT / "dags")


def test_every_file_imports(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) >= {"films_elt", "heartbeat", "release_probe", "slow_report"}


def test_each_dag_is_in_a_file_of_its_name_and_catches_nothing_up(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        assert dag["file"] == f"{dag_id}.py"
        assert dag["catchup"] is False


def test_parsing_reads_files_and_nothing_else(parsed: dict[str, Any]) -> None:
    assert parsed["deeds"] == []


def test_a_dag_that_does_something_while_parsed_would_be_noticed(
    platform_python: Path, tmp_path: Path
) -> None:
    code = "import subprocess  # airflow dag\nsubprocess.run(['true'])\nopen('/dev/null', 'w').close()\n"
    (tmp_path / "busy.py").write_text(code)
    deeds = parse(platform_python, tmp_path)["deeds"]
    assert any(deed.startswith("subprocess.Popen") for deed in deeds)
    assert any(deed.startswith("open") for deed in deeds)


def test_films_elt_checks_then_copies_then_transforms(parsed: dict[str, Any]) -> None:
    films = parsed["dags"]["films_elt"]
    assert films["tasks"] == ["check_source_db", "run_dbt_models", "run_elt_script"]
    assert films["edges"] == [["check_source_db", "run_elt_script"], ["run_elt_script", "run_dbt_models"]]
    assert films["operators"]["check_source_db"] == "DecoratedSensorOperator"
    assert films["schedule"] == "0 3 * * *"
    assert films["max_active_runs"] == 1
    assert all(retries > 0 for retries in films["retries"].values())
    assert set(films["tags"]) >= {"dbt:film_ratings", "dbt:stg_film_category", "dbt:stg_users"}


def test_every_dbt_tag_names_a_model(parsed: dict[str, Any]) -> None:
    manifest = json.loads((ROOT / "dbt" / "manifest.json").read_bytes())
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] != "test"}
    named = {
        tag.removeprefix("dbt:")
        for dag in parsed["dags"].values()
        for tag in dag["tags"]
        if tag[:4] == "dbt:"
    }
    assert named
    assert named <= models


def test_the_small_dags_run_only_when_asked(parsed: dict[str, Any]) -> None:
    for dag_id in ("heartbeat", "release_probe", "slow_report"):
        assert parsed["dags"][dag_id]["schedule"] == "None"


def test_generated_dags_are_dags(platform_python: Path, tmp_path: Path) -> None:
    ids = generate(tmp_path, 12, body="total = 0\nfor number in range(3):\n    total += number\nreturn total")
    found = parse(platform_python, tmp_path)
    assert found["errors"] == {}
    assert sorted(found["dags"]) == ids == [f"generated_{number:04}" for number in range(12)]
