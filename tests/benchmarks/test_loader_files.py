"""The loader's benchmark compares the same DAGs: as plain files, and as pointers into a whole release."""

from __future__ import annotations

from pathlib import Path

from benchmarks.loader import write
from reconciler.build.archive import unpack


def test_both_folders_hold_the_same_dags(tmp_path: Path) -> None:
    names = write(tmp_path, 3)
    (archive,) = (tmp_path / "pointers" / "_releases").iterdir()
    packed = unpack(archive.read_bytes())
    plain = {
        f"dags/{path.relative_to(tmp_path / 'plain')}": path.read_bytes()
        for path in (tmp_path / "plain").rglob("*.py")
    }
    assert packed == plain
    assert all((tmp_path / "pointers" / f"{name}.py").exists() for name in names)
