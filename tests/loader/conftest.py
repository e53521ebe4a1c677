"""Fixtures of the loader's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loader.dag_folder import DagFolder


@pytest.fixture
def folder(tmp_path: Path) -> DagFolder:
    """An empty DAG folder with the loader in it."""
    return DagFolder(tmp_path / "dags", tmp_path / "cache")
