"""The loader's cache: unpacked once, whole or not at all, and pruned of what nobody uses."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.build.loader import _reconciler_loader_v1 as loader
from reconciler.core.identity import sha256
from tests.loader.dag_folder import DagFolder

FILES = {"dags/films.py": b"# airflow dag\n", "dags/lib/x.py": b"X = 1\n"}


@pytest.fixture(autouse=True)
def _own_folder(folder: DagFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The loader as if it lay in the test's DAG folder, holding nothing."""
    monkeypatch.setattr(loader, "HERE", folder.root)
    monkeypatch.setattr(loader, "_held", {})
    monkeypatch.setenv("RECONCILER_RELEASE_CACHE", str(folder.cache))
    yield
    let_go()


def let_go() -> None:
    """What the end of the process does."""
    for listing in loader._held.values():
        listing.close()
    loader._held.clear()


def unpack(folder: DagFolder, release: str) -> Path | None:
    return loader._unpacked(release, sha256(folder.archive(release)))


def make_old(path: Path) -> None:
    long_ago = time.time() - loader.KEEP_SECONDS - 60
    os.utime(path, (long_ago, long_ago))


def test_a_release_is_unpacked_once_and_the_archive_is_not_needed_again(folder: DagFolder) -> None:
    release = folder.release(FILES)
    root = unpack(folder, release)
    assert root is not None
    assert {path: (root / path).read_bytes() for path in FILES} == FILES
    folder.remove(release)
    assert unpack(folder, release) == root
    let_go()
    assert unpack(folder, release) == root


def test_what_is_absent_or_spoilt_is_none_and_leaves_nothing(folder: DagFolder) -> None:
    release = folder.release(FILES, arrived=False)
    assert unpack(folder, release) is None
    folder.put(release, b"half")
    assert unpack(folder, release) is None
    folder.remove(release)
    (folder.root / "_releases" / f"{release}.tar.gz").mkdir()
    assert unpack(folder, release) is None
    assert folder.cached() == []


@pytest.mark.parametrize("name", ["../outside.py", "/tmp/outside.py", "dags/../../outside.py"])
def test_a_path_that_escapes_is_refused(name: str, folder: DagFolder) -> None:
    refuse(folder, tarfile.TarInfo(name))


def test_a_link_is_refused(folder: DagFolder) -> None:
    link = tarfile.TarInfo("dags/link.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    refuse(folder, link)


def refuse(folder: DagFolder, member: tarfile.TarInfo) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        tar.addfile(member)
    (folder.root / "_releases").mkdir()
    (folder.root / "_releases" / "bad.tar.gz").write_bytes(raw.getvalue())
    with pytest.raises(ImportError, match="not a plain file"):
        loader._unpacked("bad", sha256(raw.getvalue()))
    assert folder.cached() == []
    assert not list(folder.cache.parent.rglob("outside.py"))


def test_what_was_not_used_for_long_goes_when_a_new_release_comes(folder: DagFolder) -> None:
    old, recent = folder.release({**FILES, "dags/a": b"1"}), folder.release({**FILES, "dags/a": b"2"})
    for release in (old, recent):
        unpack(folder, release)
    let_go()
    make_old(next(folder.cache.glob(f"{old}-*")))
    (folder.cache / ".new-left-by-a-crash").mkdir()
    new = folder.release({**FILES, "dags/a": b"3"})
    unpack(folder, new)
    assert folder.cached() == sorted([recent, new])
    assert not list(folder.cache.glob(".new-*"))


def test_what_another_process_holds_stays_however_old(folder: DagFolder) -> None:
    old = folder.release({**FILES, "dags/a": b"1"})
    root = unpack(folder, old)
    assert root is not None
    let_go()
    hold = (
        f"import sys; sys.path.insert(0, {str(folder.root)!r}); import _reconciler_loader_v1 as loader\n"
        "from pathlib import Path\n"
        f"assert loader._hold(Path({str(root)!r}))\n"
        "print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        make_old(root)
        unpack(folder, folder.release({**FILES, "dags/a": b"2"}))
        assert old in folder.cached()
        holder.communicate()
    make_old(root)
    unpack(folder, folder.release({**FILES, "dags/a": b"3"}))
    assert old not in folder.cached()


def test_using_a_release_keeps_it_young(folder: DagFolder) -> None:
    release = folder.release(FILES)
    root = unpack(folder, release)
    assert root is not None
    make_old(root)
    unpack(folder, release)
    let_go()
    unpack(folder, folder.release({**FILES, "dags/a": b"2"}))
    assert release in folder.cached()


def test_many_processes_unpack_once(folder: DagFolder) -> None:
    release = folder.release(FILES)
    probe = (
        f"import sys, time; sys.path.insert(0, {str(folder.root)!r})\n"
        "import _reconciler_loader_v1 as loader\n"
        "unpack = loader._unpack\n"
        "def slow(body, target):\n    print('unpacked'); time.sleep(0.3); unpack(body, target)\n"
        "loader._unpack = slow\n"
        "assert (loader._unpacked(*sys.argv[1:]) / 'dags' / 'films.py').is_file()\n"
    )
    command = [sys.executable, "-c", probe, release, sha256(folder.archive(release))]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(6)]
    outputs = [racer.communicate(timeout=60)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 6
    assert b"".join(outputs) == b"unpacked\n"


def test_the_default_cache_must_be_ours_alone(
    folder: DagFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_RELEASE_CACHE")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache = loader._cache()
    assert cache == tmp_path / f"reconciler-releases-{os.getuid()}"
    assert cache.stat().st_mode & 0o777 == 0o700
    cache.chmod(0o777)
    with pytest.raises(PermissionError, match="not ours alone"):
        loader._cache()
    cache.rmdir()
    (tmp_path / "elsewhere").mkdir()
    cache.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="not ours alone"):
        loader._cache()


def test_the_listing_tells_of_every_file(folder: DagFolder) -> None:
    root = unpack(folder, folder.release(FILES))
    assert root is not None
    listed = json.loads((root / loader.FILES).read_text())
    assert {path: size for path, size in listed} == {path: len(body) for path, body in FILES.items()}
