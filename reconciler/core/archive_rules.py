"""What may travel in an archive: which paths, how many files, how many bytes.

Called before anything is packed (``build``), when it is unpacked, and when the store is read (``adapters``).
Never touches a disk: paths are judged as text, so that a bad one cannot do harm first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024
SPECIAL_BITS = 0o7000
"""Set-uid, set-gid and sticky: no file that we pack has them."""

MAX_PATH_BYTES = 1_000
MAX_NAME_BYTES = 255
"""The longest name that common Linux file systems hold."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold: files, their size in bytes, and bytes out per byte in.

    The ratio counts only beyond ``ratio_from`` bytes: small repetitive files compress very well.
    """

    files: int = 20_000
    size: int = 200 * MIB
    ratio: int = 200
    ratio_from: int = 16 * MIB


ARTIFACT = Limits()
RELEASE = Limits(files=60_000, size=600 * MIB)
"""A release holds three artifacts."""


def path_problem(path: str) -> str | None:
    """Why a path is not a plain relative POSIX path, as half a sentence, or None if it is one."""
    parts = path.split("/")
    if path.startswith("/"):
        return "is absolute"
    if any(part in ("", ".", "..") for part in parts):
        return "has an empty, `.` or `..` segment"
    if "\\" in path or any(unicodedata.category(char) in ("Cc", "Cs") for char in path):
        return "has a backslash, a control character or bytes that are not UTF-8"
    if len(path.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        return f"is longer than {MAX_PATH_BYTES} bytes, or a name in it longer than {MAX_NAME_BYTES}"
    if path.endswith((".pyc", ".pyo")) or "__pycache__" in parts:
        return "is compiled Python, which would hide the source that runs"
    return None


def path_problems(paths: Iterable[str]) -> list[str]:
    """Every problem of some paths: bad ones, repeated ones, and ones that some file systems confuse."""
    problems: list[str] = []
    seen: dict[str, str] = {}
    for path in paths:
        problem = path_problem(path)
        if problem is None:
            known = seen.get(folded(path))
            problem = None if known is None else _clash(path, known)
            seen.setdefault(folded(path), path)
        if problem is not None:
            problems.append(f"{path!r} {problem}")
    return problems


def folded(name: str) -> str:
    """Equal for names that a case-insensitive or Unicode-normalizing file system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _clash(path: str, known: str) -> str:
    return "is there twice" if path == known else f"differs from {known!r} only by case or Unicode form"
