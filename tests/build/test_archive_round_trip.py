"""What is packed comes back as it was, and equal files give equal bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.build.archive import pack, unpack
from reconciler.core.archive_rules import folded, path_problem, path_problems

NAMES = st.text(min_size=1, max_size=60).filter(lambda name: path_problem(name) is None)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join).filter(lambda path: path_problem(path) is None)


@st.composite
def file_sets(draw: st.DrawFn) -> dict[str, bytes]:
    paths = draw(st.lists(PATHS, max_size=8, unique_by=folded))
    return {path: draw(st.binary(max_size=200)) for path in paths}


@given(file_sets())
def test_files_come_back(files: dict[str, bytes]) -> None:
    assert path_problems(files) == []
    assert unpack(pack(files)) == files


@given(file_sets())
def test_order_does_not_matter(files: dict[str, bytes]) -> None:
    assert pack(files) == pack(dict(reversed(files.items())))


def test_the_archive_says_nothing_of_time_or_user() -> None:
    import gzip
    import io
    import tarfile

    archive = pack({"dags/a.py": b"1", "dags/" + "long" * 50 + "/b.py": b"2"})
    assert archive[4:8] == b"\0\0\0\0"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as tar:
        members = tar.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
    assert [m.name for m in members] == sorted(m.name for m in members)
