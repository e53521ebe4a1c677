"""Runs dbt's commands on a project, in a fork of an interpreter that has dbt imported: not Airflow's.

Usage: job.py JOB, a JSON object: `project` (its folder), `commands`, `parse` (the command that makes the
graph) and `key` (what the graph was made of). `lib.dbt.running` calls it. dbt's own lines go to stdout, and
last a line that begins with \\x1e: {"results": [...]} or {"error": why dbt did not run} as JSON.

Parsing a project costs two to four seconds of a processor, reading dbt's own record of it more than half a
second, reading ours a thirtieth of one: so that is kept, by key, in a folder that only its owner may enter.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

QUIET = [
    "--no-use-colors",
    "--no-version-check",
    "--no-send-anonymous-usage-stats",
    "--log-level-file",
    "none",
]
# What dbt would write about a graph that is known costs more than a small model.
LEAN = ["--no-write-json", "--cache-selected-only"]
_DAY = 86_400


def main(job: dict[str, Any]) -> dict[str, Any]:
    """Run the commands in turn, up to the first that fails."""
    from dbt.cli.main import dbtRunner

    scratch = Path(tempfile.mkdtemp(prefix="dbt-"))
    places = ["--project-dir", job["project"], "--profiles-dir", job["project"]]
    places += ["--target-path", str(scratch / "target"), "--log-path", str(scratch)]
    results: list[dict[str, Any]] = []
    try:
        manifest = _manifest(job, places)
        for command in job["commands"]:
            done = dbtRunner(manifest=manifest).invoke([*QUIET, *LEAN, *command, *places])
            if done.exception is not None:
                return {"error": f"{type(done.exception).__name__}: {done.exception}"}
            results += [_told(one) for one in getattr(done.result, "results", None) or ()]
            if not done.success:
                break
    except NotParsed as error:
        return {"error": str(error)}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {"results": results}


class NotParsed(Exception):
    """dbt does not understand the project; the message says why."""


def _manifest(job: dict[str, Any], places: list[str]) -> Any:
    """The project's graph: as it was kept, or parsed now. Only one process of a machine parses at a time."""
    kept = _private_folder() / f"{job['key']}.pickle"
    if not kept.exists():
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                _keep(_parsed(job, places), kept)
    # Ten times as quick without looking for garbage in between.
    gc.disable()
    try:
        parts = pickle.loads(kept.read_bytes())  # noqa: S301 - written by us, into a folder of ours alone
    finally:
        gc.enable()
    from dbt.contracts.graph.manifest import Manifest

    return Manifest(**parts)


def _parsed(job: dict[str, Any], places: list[str]) -> Any:
    from dbt.cli.main import dbtRunner

    done = dbtRunner().invoke([*QUIET, "--no-write-json", *job["parse"], *places])
    if not done.success:
        raise NotParsed(f"{type(done.exception).__name__}: {done.exception}")
    return done.result


def _keep(manifest: Any, place: Path) -> None:
    """All of it or nothing; what belongs to releases of yesterday goes."""
    for old in place.parent.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if old.is_file() and time.time() - old.stat().st_mtime > _DAY:
                old.unlink()
    # Part by part: as a whole dbt 1.11 pickles it with its arguments in the wrong order. What has an
    # underscore are look-up tables, which it makes when they are needed.
    parts = {one.name: getattr(manifest, one.name) for one in fields(manifest) if one.name[0] != "_"}
    written = place.with_suffix(f".{os.getpid()}")
    written.write_bytes(pickle.dumps(parts, protocol=5))
    written.replace(place)


def _private_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"finedge-dbt-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NotParsed(f"{folder} is not a private folder of this user")
    return folder


def _told(result: Any) -> dict[str, Any]:
    node, message = result.node, result.message
    if getattr(result, "age", None) is not None:
        message = f"last loaded {result.max_loaded_at:%Y-%m-%d %H:%M} UTC, {result.age / 3600:.1f} h ago"
    return {
        "name": node.name,
        "type": str(node.resource_type),
        "status": str(result.status),
        "message": message,
        "seconds": result.execution_time,
    }


if __name__ == "__main__":
    answer = main(json.loads(sys.argv[1]))
    sys.stdout.flush()
    print(f"\n\x1e{json.dumps(answer)}", flush=True)
