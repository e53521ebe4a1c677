"""A pointer has arrived when its newest entry is the release, not when it merely names it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.reconciled import pointers_of
from reconciler.core.pointer_file import render
from reconciler.model.plan import DagPointer
from tests.builders import NOW, dag_pointer, release_manifest

OLD, NEW = release_manifest(1, seed="1"), release_manifest(1, seed="2")


@pytest.mark.parametrize(("release", "arrived"), [(NEW.id, True), (OLD.id, False)], ids=["newest", "older"])
def test_only_the_newest_entry_counts(tmp_path: Path, release: str, arrived: bool) -> None:
    newest = dag_pointer(NEW, "dag_000", since=NOW + timedelta(seconds=5)).history
    pointer = DagPointer(dag_id="dag_000", history=(*newest, *dag_pointer(OLD, "dag_000").history))
    (tmp_path / "generated_0000.py").write_bytes(render(pointer, ""))
    assert pointers_of(tmp_path, release, 1) is arrived


def test_all_of_them_have_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "generated_0000.py").write_bytes(render(dag_pointer(NEW, "dag_000"), ""))
    assert not pointers_of(tmp_path, NEW.id, 2)
