"""Fixtures of the build's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build.code_repo import CodeRepo


@pytest.fixture
def repo(tmp_path: Path) -> CodeRepo:
    """A code repo with one commit: a DAG, a library and a dbt project."""
    made = CodeRepo(tmp_path / "code")
    made.commit(
        {
            "dags/films.py": b"# airflow dag\nfrom lib.loading import load\n",
            "dags/sql/films.sql": b"select 1\n",
            "dags/lib/loading.py": b"def load():\n    return 1\n",
            "dbt/dbt_project.yml": b"name: shop\n",
            "dbt/models/films.sql": b"select 1\n",
            "dbt/migrations/V0001__films.sql": b"create table films (id int);\n",
            "README.md": b"# Shop\n",
        },
        "Begin",
    )
    return made
