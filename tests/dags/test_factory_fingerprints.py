"""What a change touches: the reconciler flips those DAGs, and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reconciler.build.clean_parse import ParseReport, parse_cleanly
from reconciler.core.closure import closure
from tests.dags.conftest import ROOT

pytestmark = pytest.mark.airflow

FILES = {
    path.relative_to(ROOT).as_posix(): path.read_bytes()
    for folder in ("dags", "dbt")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and not {"__pycache__", "target", "logs"} & set(path.parts)
}
FACTORY = {Path(path).stem for path in FILES if path.startswith("dags/config/")}
# It watches what the others promise in their configurations.
MONITOR = "platform_deadlines"


@pytest.fixture(scope="module")
def report(platform_python: Path) -> ParseReport:
    return parse_cleanly(FILES, platform_python)


@pytest.fixture(scope="module")
def touched(report: ParseReport) -> Callable[[str], set[str]]:
    """The DAGs whose fingerprint changes when a file does."""

    def parts(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
        return closure(files, report.dags)

    before = parts(FILES)

    def change(path: str) -> set[str]:
        after = parts({**FILES, path: FILES[path] + b"\n"})
        return {dag_id for dag_id in before if before[dag_id] != after[dag_id]}

    return change


def test_every_dag_of_the_factory_is_one_of_its_own(report: ParseReport) -> None:
    assert report.errors == {}
    assert report.duplicates == {}
    assert report.dags.keys() >= FACTORY


@pytest.mark.parametrize("dag_id", sorted(FACTORY))
def test_a_configuration_touches_its_dag(touched: Callable[[str], set[str]], dag_id: str) -> None:
    assert touched(f"dags/config/{dag_id}.yml") == {dag_id, MONITOR}


def test_the_factory_touches_all_it_makes_and_a_template_its_own(
    touched: Callable[[str], set[str]],
) -> None:
    assert touched("dags/lib/factory/shape.py") == FACTORY
    files = {dag_id for dag_id in FACTORY if dag_id.startswith("ingest_s3_")}
    tables = {dag_id for dag_id in FACTORY if dag_id.startswith("ingest_pg_")}
    assert touched("dags/lib/factory/s3_file_feed.py") == files
    assert touched("dags/lib/factory/pg_incremental.py") == tables
    assert touched("dags/lib/loads/publishing.py") == files | tables


def test_no_load_depends_on_what_dbt_makes_of_it(report: ParseReport) -> None:
    parts = closure(FILES, report.dags)
    for dag_id in FACTORY:
        if dag_id.startswith("ingest_"):
            assert not [part for part in parts[dag_id] if part.startswith("dbt")], dag_id
