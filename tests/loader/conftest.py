"""Fixtures of the loader's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loader.dag_folder import DagFolder
from tests.loader.parser import Parser


@pytest.fixture
def folder(tmp_path: Path) -> DagFolder:
    """An empty DAG folder with the loader in it."""
    return DagFolder(tmp_path / "dags", tmp_path / "cache")


@pytest.fixture(scope="session")
def parser(versioned_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parser]:
    """Airflow as a parser, each version in turn."""
    running = Parser(versioned_python, tmp_path_factory.mktemp("parser"))
    yield running
    running.close()
