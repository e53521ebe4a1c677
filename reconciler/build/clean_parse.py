"""Runs `parse_release.py` with the target's Airflow in a clean process, and reads its answer.

Called by sealing. The process sees none of the caller's environment: what a release is found to be must not
depend on who seals it. Leaves nothing running and nothing on the disk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from reconciler.core.closure import ParsedDag
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

SCRIPT = Path(__file__).with_name("parse_release.py")
FILE_SECONDS = 60.0
"""The longest that one DAG file may take; Airflow itself gives up after 30 by default."""

TOTAL_SECONDS = 1_800.0


class ParseReport(BaseModel):
    """What the script says; see its docstring."""

    airflow: str
    python: str
    dags: dict[str, ParsedDag]
    errors: dict[str, str]
    duplicates: dict[str, list[str]]
    hidden: dict[str, str]
    seconds: float


def parse_cleanly(
    files: Mapping[str, bytes], airflow_python: Path, file_seconds: float = FILE_SECONDS
) -> ParseReport:
    """Parse a release, given as contents by path, with the Airflow of ``airflow_python``.

    Raises ``Terminal`` if that interpreter cannot be run, has no Airflow, or does not answer in half an hour.
    What is wrong with the release itself is in the report.
    """
    with tempfile.TemporaryDirectory(prefix="reconciler-parse-") as scratch, tempfile.TemporaryFile() as log:
        # Resolved: macOS keeps temporary folders behind a link, and what is read is told by real paths.
        home, root = Path(scratch).resolve() / "home", Path(scratch).resolve() / "release"
        _write(root, files)
        (home / "dags").mkdir(parents=True)
        command = [
            str(airflow_python.absolute()),
            "-I",
            str(SCRIPT),
            str(root),
            "--file-seconds",
            str(file_seconds),
        ]
        answer = _run(command, _environment(home), home, log)
        try:
            return ParseReport.model_validate_json(answer)
        except ValidationError as error:
            raise _failed(airflow_python, _tail(log)) from error


def _write(root: Path, files: Mapping[str, bytes]) -> None:
    (root / "dags").mkdir(parents=True)
    for path, body in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)


def _environment(home: Path) -> dict[str, str]:
    airflow = {
        # As on the target: the release's files are not in the DAG folder.
        "CORE__DAGS_FOLDER": str(home / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "20",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",
        "LOGGING__LOGGING_LEVEL": "CRITICAL",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(home),
        **{f"AIRFLOW__{key}": value for key, value in airflow.items()},
    }


def _run(command: list[str], env: dict[str, str], cwd: Path, log: IO[bytes]) -> bytes:
    """The process's standard output; it and all its children are gone afterwards."""
    try:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    except OSError as error:
        raise _failed(Path(command[0]), str(error)) from error
    with process:
        try:
            return process.communicate(timeout=TOTAL_SECONDS)[0]
        except subprocess.TimeoutExpired as error:
            raise _failed(Path(command[0]), f"It did not end within {TOTAL_SECONDS:.0f} seconds.") from error
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # It ends its children, which have process groups of their own.
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _tail(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - 2_000))
    return log.read().decode("utf-8", errors="replace").strip()


def _failed(python: Path, why: str) -> Terminal:
    return Terminal(
        f"The release could not be parsed with {python}: {why}",
        "Give the Python interpreter of an environment in which the target's Airflow is installed.",
        Reason.ARTIFACT_FAILED,
    )
