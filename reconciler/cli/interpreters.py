"""Finds a Python that has the Airflow which an environment runs: releases are sealed with the same one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import Terminal

if TYPE_CHECKING:
    from reconciler.cli.platform import Platform

VARIABLE = "RECONCILER_AIRFLOW_PYTHON"
_SECONDS = 60
_ASK = "import importlib.metadata as m; print(m.version('apache-airflow-core'))"
_ASK_OLDER = "import importlib.metadata as m; print(m.version('apache-airflow'))"


def find(platform: Platform, given: Path | None, wanted: str) -> Path:
    """The interpreter that was named, or the one in ``.envs``; ``Terminal`` unless it has that Airflow."""
    python = given or Path(f".envs/airflow-{wanted}/bin/python")
    if not python.exists():
        raise Terminal(
            f"Sealing needs a Python with Airflow {wanted}, and {python} does not exist.",
            f"Make one with `uv venv .envs/airflow-{wanted}` and `uv pip install apache-airflow=={wanted}`, "
            f"or name one with --airflow-python or {VARIABLE}.",
        )
    found = platform.airflow_version(python)
    if found != wanted:
        raise Terminal(
            f"{python} has Airflow {found}, but the environment runs {wanted} (airflow.version in its "
            "environment.yaml); what parses with one may not parse with the other.",
            f"Name a Python with Airflow {wanted} with --airflow-python or {VARIABLE}.",
        )
    # Not resolved: a link in a virtual environment is what makes it one.
    return python.absolute()


def airflow_version(python: Path) -> str:
    """The version of Airflow that an interpreter has. ``Terminal`` if it does not run or has none."""
    for ask in (_ASK, _ASK_OLDER):
        try:
            done = subprocess.run(
                [str(python), "-I", "-c", ask], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Terminal(f"{python} cannot be run: {error}.", "Name a working interpreter.") from error
        if done.returncode == 0:
            return done.stdout.strip()
    raise Terminal(
        f"{python} has no Airflow.", f"Name another with --airflow-python or {VARIABLE}, or install it there."
    )
