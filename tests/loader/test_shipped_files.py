"""What is shipped runs on every Python that Airflow runs on, and Airflow reads it as it is meant."""

from __future__ import annotations

import ast
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.build import clean_parse
from reconciler.build.loader import _reconciler_loader_v1 as loader
from reconciler.build.loader import loader_files
from reconciler.core.pointer_file import LOADER_KEY, SUPPORT_KEYS
from tests.loader.dag_folder import DagFolder, dag_source


def test_the_files_are_those_that_pointers_need() -> None:
    files = loader_files()
    assert tuple(files) == SUPPORT_KEYS
    assert b"Airflow" in files[LOADER_KEY]
    assert b"DAG" in files[LOADER_KEY]


@pytest.mark.parametrize("path", [Path(loader.__file__), clean_parse.SCRIPT], ids=lambda path: path.name)
def test_what_runs_with_airflow_is_python_39_and_needs_no_other_library(path: Path) -> None:
    import sys

    tree = ast.parse(path.read_bytes(), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {"airflow", "__future__", *sys.stdlib_module_names}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]


@pytest.mark.airflow
@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_the_ignore_file_means_the_same_in_both_syntaxes(
    syntax: str, folder: DagFolder, versioned_python: Path
) -> None:
    release = folder.release({"dags/films.py": dag_source("films")})
    folder.point("films", release)
    (folder.root / "_releases" / "looks_like_a_dag.py").write_text("# airflow dag\n")
    (folder.root / "own.py").write_text("# airflow dag\n")
    listing = (
        "import sys; from airflow.utils.file import find_path_from_directory as find\n"
        "print(*sorted(find(sys.argv[1], '.airflowignore', sys.argv[2])), sep='\\n')\n"
    )
    done = subprocess.run(
        [str(versioned_python), "-I", "-c", listing, str(folder.root), syntax],
        env={"AIRFLOW_HOME": str(folder.cache), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [Path(line).name for line in done.stdout.splitlines() if line.startswith(str(folder.root))]
    assert found == ["films.py", "own.py"]


NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def entry(name: str, minutes: int) -> loader.Entry:
    return (name, "0" * 64, f"dags/{name}.py", (NOW + timedelta(minutes=minutes)).isoformat())


@pytest.mark.parametrize(
    ("history", "due"),
    [
        ([entry("new", 0), entry("old", -60)], ["new", "old"]),
        ([entry("new", 1), entry("old", -60)], ["old"]),
        ([entry("new", 2), entry("old", 1)], []),
    ],
)
def test_what_is_due(history: list[loader.Entry], due: list[str]) -> None:
    assert [release for release, *_ in loader._due(history, NOW)] == due
