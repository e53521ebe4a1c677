"""A warehouse, the interpreter that has Great Expectations, and suites of a test's own."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lib.quality import suites
from lib.warehouse.batch import Batch
from lib.warehouse.connecting import from_airflow
from lib.warehouse.schemas import prepare

from local.environments import quality_python, warehouse_python
from local.processes import free_port
from local.warehouse import Warehouse, start_warehouse

ROOT = Path(__file__).resolve().parents[2]
BATCH = Batch("tested", datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
DATABASE = "FINEDGE_QUALITY"
Row = tuple[Any, ...]
Expected = dict[str, Any]


@pytest.fixture(scope="session", autouse=True)
def warm() -> Iterator[None]:
    """Interpreters of the session's own, which end with it."""
    folder = tempfile.mkdtemp(prefix="warm-")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINEDGE_QUALITY", str(quality_python()))
        patch.setattr("lib.warm.client._private_folder", lambda: Path(folder))
        yield
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Snowflake's stand-in."""
    running = start_warehouse(warehouse_python(), free_port(), tmp_path_factory.mktemp("warehouse"))
    yield running
    running.process.stop()


@pytest.fixture(scope="session")
def connection(server: Warehouse) -> Any:
    """To the warehouse, as Airflow would have it; the OPS tables are there."""
    made = SimpleNamespace(
        host="127.0.0.1",
        port=server.port,
        login="finedge",
        password="correct-horse",
        schema="OPS",
        extra_dejson={"account": "local", "protocol": "http", "database": DATABASE},
    )
    with closing(from_airflow(made)) as opened:
        prepare(opened)
    return made


@pytest.fixture(scope="session")
def opened(connection: Any) -> Iterator[Any]:
    """A session of the warehouse."""
    with closing(from_airflow(connection)) as found:
        yield found


@pytest.fixture
def ask(opened: Any) -> Callable[..., list[Row]]:
    """Runs statements; the rows of the last."""

    def run(*statements: str) -> list[Row]:
        with opened.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            rows: list[Row] = cursor.fetchall()
            return rows

    return run


@pytest.fixture
def new_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a suite into a folder that stands for `dags/quality`; its name."""
    monkeypatch.setattr(suites, "FOLDER", tmp_path)

    def write(name: str, tables: dict[str, Any], expectations: list[Expected], **meta: Any) -> str:
        document = {
            "name": name,
            "meta": {"about": "Made for a test.", "tables": tables, **meta},
            "expectations": expectations,
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        return name

    return write


def expect(kind: str, rule: str, table: str, severity: str = "error", **kwargs: Any) -> Expected:
    """An expectation of a suite."""
    return {
        "type": f"expect_{kind}",
        "kwargs": kwargs,
        "meta": {
            "rule": rule,
            "severity": severity,
            "owner": "tests",
            "table": table,
            "reason": "Because this test wants it so.",
        },
    }
