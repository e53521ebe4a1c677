"""Makes the environments that cannot share the project's own: Airflow's, dbt's, Lambda's and more.

Called by `make setup` (through `python -m local setup`), by the stack and by the tests' fixtures. Each is
installed from its lock in `local/requirements/` by uv, with hashes, and remade when the lock has changed.
Never touches the project's own environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError

ROOT = Path(__file__).resolve().parent.parent
ENVS = ROOT / ".envs"
REQUIREMENTS = Path(__file__).with_name("requirements")
MINISTACK, DBT, LAMBDA, WAREHOUSE, QUALITY = "ministack", "dbt", "lambda", "warehouse", "quality"
SQLFLUFF = "sqlfluff"
# The stack runs the first; what rests on Airflow's inner ways is tested on all of them.
AIRFLOW_VERSIONS = ("3.0.6", "3.2.1")
AIRFLOWS = tuple(f"airflow-{version}" for version in AIRFLOW_VERSIONS)
# Without what the platform's pipelines need: Airflow imports it in each of its processes, used or not.
BARE_AIRFLOW = f"{AIRFLOWS[0]}-bare"
# Airflow 3.0.6 supports no newer Python than 3.12, which is what MWAA runs it on.
PYTHON = ">=3.11,<3.13"

Say = Callable[[str], None]


def airflow_python(say: Say = print, version: str = AIRFLOW_VERSIONS[0]) -> Path:
    """The interpreter of an Airflow's environment, which is made first if need be."""
    return ensure(f"airflow-{version}", say)


def bare_airflow_python(say: Say = print) -> Path:
    """The interpreter of an Airflow that starts and parses quickly, for it has few providers."""
    return ensure(BARE_AIRFLOW, say)


def ministack_python(say: Say = print) -> Path:
    """The interpreter of the AWS emulator's environment, which is made first if need be."""
    return ensure(MINISTACK, say)


def dbt_executable(say: Say = print) -> Path:
    """dbt, in the environment that is made for it first if need be."""
    return ensure(DBT, say).parent / "dbt"


def warehouse_python(say: Say = print) -> Path:
    """The interpreter of the environment of Snowflake's stand-in, which is made first if need be."""
    return ensure(WAREHOUSE, say)


def quality_python(say: Say = print) -> Path:
    """The interpreter of Great Expectations' environment, which is made first if need be."""
    return ensure(QUALITY, say)


def sqlfluff_executable(say: Say = print) -> Path:
    """sqlfluff, in the environment that is made for it first if need be."""
    return ensure(SQLFLUFF, say).parent / "sqlfluff"


def lambda_python(say: Say = print) -> Path:
    """The interpreter of an environment with what the functions' image holds, and nothing else."""
    return ensure(LAMBDA, say)


def ensure(name: str, say: Say = print) -> Path:
    """Install the environment `name` unless it is there as locked; returns its interpreter.

    Safe to call from several processes at once. Raises LocalError when uv or a fitting Python is missing.
    """
    lock = ROOT / "uv.lock" if name == LAMBDA else REQUIREMENTS / f"{name}.txt"
    home, digest = ENVS / name, hashlib.sha256(lock.read_bytes()).hexdigest()
    with _exclusive(name):
        stamp = home / ".installed"
        if not (stamp.exists() and stamp.read_text() == digest):
            say(f"Installing {name} into {home.relative_to(ROOT)} (minutes, when downloaded first) ...")
            _install(name, lock, home)
            stamp.write_text(digest)
    return home / "bin" / "python"


def _install(name: str, lock: Path, home: Path) -> None:
    uv, python = find_uv(), str(home / "bin" / "python")
    if name == LAMBDA:  # as the Dockerfile does it
        wanted = ["--frozen", "--no-default-groups", "--group", "lambda", "--no-install-project"]
        _run(
            [uv, "sync", "--quiet", *wanted, "--python", PYTHON], name, {"UV_PROJECT_ENVIRONMENT": str(home)}
        )
        return
    _run([uv, "venv", "--quiet", "--clear", "--python", PYTHON, str(home)], name)
    _run(
        [
            uv,
            "pip",
            "sync",
            "--quiet",
            "--require-hashes",
            "--compile-bytecode",
            "--python",
            python,
            str(lock),
        ],
        name,
    )


def find_uv() -> str:
    """Path of uv: the one on PATH, or the one that `make setup` bootstraps."""
    for candidate in (os.environ.get("UV"), shutil.which("uv"), str(ENVS / "uv" / "bin" / "uv")):
        if candidate and Path(candidate).exists():
            return candidate
    raise LocalError("uv was not found", "run `make setup`, which installs it into .envs/uv")


def _run(command: list[str], name: str, extra: Mapping[str, str] | None = None) -> None:
    # An environment that happens to be active must not be the one that is written to.
    env = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"} | dict(extra or {})
    if subprocess.run(command, env=env, cwd=ROOT, check=False).returncode:
        raise LocalError(
            f"installing {name} failed: {' '.join(command)}",
            "check the network (PyPI), and Python 3.11 or 3.12 (`uv python install 3.12` adds one)",
        )


@contextmanager
def _exclusive(name: str) -> Iterator[None]:
    ENVS.mkdir(exist_ok=True)
    with (ENVS / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
