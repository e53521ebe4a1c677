"""Which files of a release a Python file refers to, told from its text. Called by ``closure``.

Errs on the side of too many. Never imports anything; a file that does not parse refers to nothing (it does
not run either, and sealing refuses it).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

ROOT = "dags"
"""The folder that the loader puts first on ``sys.path``."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")


@dataclass(frozen=True)
class PythonFile:
    """What one file says: dotted names it imports (absolute), and all its text constants."""

    imports: frozenset[str]
    texts: tuple[str, ...]


def read_python(path: str, body: bytes) -> PythonFile:
    """The imports, wherever they stand, and the text constants of a Python file of a release."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return PythonFile(frozenset(), ())
    names: set[str] = set()
    texts: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names.update(alias.name for alias in node.names)
            case ast.ImportFrom():
                names.update(_from(node, path))
            case ast.Constant(value=str() as text):
                texts.append(text)
                # importlib.import_module("lib.x"), python_callable="lib.x.load", …
                names.update(_DOTTED.findall(text) if len(text) < 1_000 else ())
    return PythonFile(frozenset(names), tuple(texts))


def _from(node: ast.ImportFrom, path: str) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        folder = PurePosixPath(path).relative_to(ROOT).parent.parts
        package = folder[: len(folder) - node.level + 1]
        base = ".".join((*package, *([base] if base else [])))
    for alias in node.names:
        yield f"{base}.{alias.name}" if base else alias.name


def resolve(name: str, importer: str, paths: Collection[str]) -> Iterator[str]:
    """The files that importing a dotted name runs: each package on the way, and the module.

    Looked for from the release's ``dags/``, and from the importer's own folder, which some DAG files put on
    ``sys.path`` themselves.
    """
    for start in {ROOT, str(PurePosixPath(importer).parent)}:
        folder = start
        for part in name.split("."):
            folder = f"{folder}/{part}"
            yield from (path for path in (f"{folder}.py", f"{folder}/__init__.py") if path in paths)
