"""The page about the sources names every table, feed and fault, with the pipeline that reads or finds it."""

from __future__ import annotations

from pathlib import Path

from local.sources.database import TABLES
from local.sources.faults.catalogue import FAULTS
from local.sources.landing import FEEDS

LINES = (Path(__file__).parents[2] / "docs/platform/sources.md").read_text().splitlines()


def rows(first: str) -> list[str]:
    """The rows of a table that begin with a name."""
    return [line for line in LINES if line.startswith(f"| `{first}` |")]


def test_every_table_and_feed_is_told() -> None:
    for name in [*(table.name for table in TABLES), *(feed.name for feed in FEEDS)]:
        assert len(rows(name)) == 1, name


def test_every_fault_is_told_beside_its_pipeline() -> None:
    for fault in FAULTS.values():
        assert [line for line in rows(fault.dag_id) if f"`{fault.name}`: " in line], fault.name
