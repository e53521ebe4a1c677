"""An archive may come from anywhere: what would escape, hide or explode is refused whole."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable

import pytest

from reconciler.build.archive import pack, unpack
from reconciler.core.archive_rules import Limits
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason


def archive(*members: tarfile.TarInfo, body: bytes = b"x", headers: dict[str, str] | None = None) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                member.size = len(body)
            member.pax_headers = headers or {}
            tar.addfile(member, io.BytesIO(body))
    return gzip.compress(raw.getvalue())


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def refusal(body: bytes, limits: Limits = Limits()) -> str:
    with pytest.raises(Terminal) as refused:
        unpack(body, limits)
    assert refused.value.reason is Reason.ARTIFACT_FAILED
    assert "reconciler publish" in refused.value.remedy
    return refused.value.message


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../outside.py",
        "dags/../../outside.py",
        "dags/./a.py",
        "dags//a.py",
        "dags\\a.py",
        "dags/a\n.py",
        "dags/a\x7f.py",
        "dags/__pycache__/a.cpython-312.pyc",
        "dags/" + "n" * 256,
        "d/" * 600 + "a",
    ],
)
def test_paths_that_are_not_plain(path: str) -> None:
    good = member("dags/good.py")
    message = refusal(archive(good, member(path)))
    assert "is refused" in message
    assert "good.py" not in message


@pytest.mark.parametrize(
    "odd",
    [
        member("dags/a.py", tarfile.SYMTYPE, "/etc/passwd"),
        member("dags/a.py", tarfile.LNKTYPE, "dags/b.py"),
        member("dags/a.py", tarfile.CHRTYPE),
        member("dags/a.py", tarfile.BLKTYPE),
        member("dags/a.py", tarfile.FIFOTYPE),
        member("dags", tarfile.DIRTYPE),
    ],
)
def test_anything_but_a_plain_file(odd: tarfile.TarInfo) -> None:
    assert "is not a plain file" in refusal(archive(odd))


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1777])
def test_special_mode_bits(mode: int) -> None:
    odd = member("dags/a.py")
    odd.mode = mode
    assert "is not a plain file" in refusal(archive(odd))


def test_a_sparse_file_that_claims_a_huge_size() -> None:
    headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(10**12)}
    assert "is not a plain file" in refusal(archive(member("dags/a.py"), headers=headers))


@pytest.mark.parametrize("second", ["dags/a.py", "dags/A.py", "DAGS/a.py"])
def test_a_path_twice(second: str) -> None:
    assert repr(second) in refusal(archive(member("dags/a.py"), member(second)))


def test_two_unicode_forms_of_one_name() -> None:
    assert "Unicode form" in refusal(archive(member("dags/caf\u00e9.py"), member("dags/cafe\u0301.py")))


def test_too_many_files() -> None:
    small = Limits(files=3)
    assert unpack(pack({f"f{n}": b"" for n in range(3)}), small)
    assert "more than 3 files" in refusal(pack({f"f{n}": b"" for n in range(4)}), small)


def test_too_many_bytes() -> None:
    small = Limits(files=1, size=2**20, ratio_from=2**30)
    assert unpack(pack({"f": b"x" * 2**20}), small)
    assert "more than 1 MiB" in refusal(pack({"f": b"x" * (2**20 + 1)}), small)
    assert "more than 1 MiB" in refusal(pack({"f": b"x" * 2**24}), small)


def test_a_bomb() -> None:
    assert "200 times its size" in refusal(gzip.compress(b"\0" * 2**26))


def cut(body: bytes) -> bytes:
    return body[:-9]


def followed(body: bytes) -> bytes:
    return body + b"more"


def garbled(body: bytes) -> bytes:
    return body[:20] + bytes(byte ^ 0xFF for byte in body[20:40]) + body[40:]


@pytest.mark.parametrize("spoil", [cut, followed, garbled, lambda _: b"", lambda _: b"no archive at all"])
def test_bytes_that_are_not_one_whole_archive(spoil: Callable[[bytes], bytes]) -> None:
    refusal(spoil(pack({"dags/a.py": bytes(range(256)) * 20})))


def test_a_tar_cut_off_inside_a_file() -> None:
    raw = gzip.decompress(pack({"dags/a.py": bytes(range(256)) * 20}))
    refusal(gzip.compress(raw[:2000]))
