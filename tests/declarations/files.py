"""Valid environments folders, and a way to read one whose files were changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.core.declarations import parse_desired
from reconciler.model.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]

RECONCILER = b"""\
apiVersion: reconciler/v1
kind: Reconciler
promotion: [dev, prod]
"""
POINTER = b"""\
apiVersion: reconciler/v1
kind: Pointer
components:
  dags:
    version: 1.0.0
  libs:
    version: 1.0.0
  dbt:
    version: 1.0.0
"""


def environment(name: str) -> bytes:
    """A valid environment.yaml."""
    return f"""\
apiVersion: reconciler/v1
kind: Environment
name: {name}
airflow:
  version: 3.0.6
  api:
    http:
      url: http://127.0.0.1:8080
  dagFolder:
    bucket: finedge-{name}
""".encode()


def folder(changed: Mapping[str, bytes | None] | None = None) -> dict[str, bytes]:
    """A valid folder with the environments dev and prod; None takes a file away."""
    files: dict[str, bytes | None] = {"reconciler.yaml": RECONCILER}
    for name in ("dev", "prod"):
        files |= {f"{name}/environment.yaml": environment(name), f"{name}/pointer.yaml": POINTER}
    files |= changed or {}
    return {path: content for path, content in files.items() if content is not None}


def problems(files: Mapping[str, bytes], name: str = "dev") -> tuple[str, ...]:
    """What is wrong with an environment; empty if nothing is."""
    try:
        parse_desired(files, name)
    except InvalidInput as invalid:
        return invalid.problems
    return ()
