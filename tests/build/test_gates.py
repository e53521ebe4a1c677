"""Each gate finds what would fail later, and says the file, the line and what to do."""

from __future__ import annotations

import pytest

from reconciler.build.gates import COMPILES, DBT_PROJECT, FREE_NAMES, NO_DBT_PACKAGE, TRAVELS
from reconciler.build.package import build_component
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from tests.build.code_repo import CodeRepo

PATH = "dags/a.py"


@pytest.mark.parametrize(
    ("body", "line"),
    [(b"a = 1\nb = (\n", 2), (b"\n\nreturn 1\n", 3), (b"a = 1\0", 1), (b"# coding: nonsense\n", 1)],
)
def test_python_that_does_not_compile(body: bytes, line: int) -> None:
    (problem,) = COMPILES.find({PATH: body, "dags/a.sql": b"("})
    assert problem.startswith(f"{PATH}:{line}: ")


def test_a_syntax_warning_is_none_of_its_business() -> None:
    assert list(COMPILES.find({PATH: b"assert (1, 'always true')\n'\\d'\n"})) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from airflow.plugins_manager import AirflowPlugin\nclass P(AirflowPlugin): ...", "P is a plugin"),
        ("import airflow.plugins_manager as pm\nclass P(pm.AirflowPlugin): ...", "P is a plugin"),
        ("from airflow.timetables.base import Timetable as T\nclass W(T): ...", "W is a timetable"),
        (
            "from airflow.timetables.interval import CronDataIntervalTimetable\n"
            "class W(CronDataIntervalTimetable): ...",
            "W is a timetable",
        ),
        ("from airflow.triggers.base import BaseTrigger\nclass T(BaseTrigger): ...", "T is a trigger"),
        (
            "from airflow.providers.standard.triggers.temporal import DateTimeTrigger as D\n"
            "class T(D[int]): ...",
            "T is a trigger",
        ),
        (
            "from airflow.listeners import hookimpl\n@hookimpl\ndef on_starting(component): ...",
            "on_starting is a listener",
        ),
    ],
)
def test_what_airflow_imports_from_installed_packages(source: str, found: str) -> None:
    (problem,) = TRAVELS.find({PATH: source.encode()})
    assert problem.startswith((f"{PATH}:2: ", f"{PATH}:3: "))
    assert problem.endswith(found)
    assert "environment's own plugins" in TRAVELS.remedy


def test_operators_sensors_and_uses_of_timetables_travel() -> None:
    source = (
        b"from airflow.sdk import BaseOperator\n"
        b"from airflow.timetables.trigger import CronTriggerTimetable\n"
        b"class Load(BaseOperator): ...\n"
        b"class Trigger: ...\n"
        b"schedule = CronTriggerTimetable('0 5 * * *', timezone='UTC')\n"
    )
    assert list(TRAVELS.find({PATH: source})) == []


@pytest.mark.parametrize("path", ["dags/_reconciler_loader_v1.py", "dags/_releases/a.py"])
def test_names_that_are_the_reconcilers_own(path: str) -> None:
    assert list(FREE_NAMES.find({path: b""}))
    assert not list(FREE_NAMES.find({"dags/team/_releases.py": b""}))


@pytest.mark.parametrize(
    ("body", "line"),
    [(b"name: shop\nversion: [\n", 3), (b"- name\n", 1), (b"version: 1\n", 1), (b"\xff\xfe\x00", 1)],
)
def test_a_dbt_project_that_is_none(body: bytes, line: int) -> None:
    (problem,) = DBT_PROJECT.find({"dbt/dbt_project.yml": body})
    assert problem.startswith(f"dbt/dbt_project.yml:{line}: ")


def test_a_dbt_project_that_is_missing_and_one_that_is_there() -> None:
    assert list(DBT_PROJECT.find({"dbt/models/a.sql": b""})) == ["dbt/dbt_project.yml:1: the file is missing"]
    assert list(DBT_PROJECT.find({"dbt/dbt_project.yml": b"name: shop\n"})) == []


def test_a_dbt_folder_that_hides_the_package() -> None:
    assert list(NO_DBT_PACKAGE.find({"dbt/__init__.py": b""}))
    assert not list(NO_DBT_PACKAGE.find({"dbt/models/__init__.py": b""}))


def test_a_failed_gate_stops_the_build_and_lists_every_problem(repo: CodeRepo) -> None:
    repo.commit(
        {
            "dags/one.py": b"(\n",
            "dags/two.py": b"def\n",
            "dags/three.py": b"class T(BaseTrigger): ...\n",
        }
    )
    with pytest.raises(Terminal) as refused:
        build_component(repo.root, Component.DAGS, "1.0.0")
    for found in ("dags/one.py:1:", "dags/two.py:1:", "dags/three.py:1: class T is a trigger"):
        assert found in refused.value.message
    assert "Correct the syntax." in refused.value.remedy
