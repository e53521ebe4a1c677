"""Runs dbt for a task: a node, its tests and the freshness of its sources.

dbt lives in an environment of its own. Its interpreter is kept warm, so that what a task costs is its node
and not dbt's start. dbt sees the variables that it is given, and nothing of the worker's.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.dbt import job
from lib.dbt.graph import PROJECT
from lib.dbt.target import Variables
from lib.warm import Warm

log = logging.getLogger(__name__)

_MODULES = ("dbt.cli.main", "dbt.adapters.snowflake", "dbt.adapters.postgres", "snowflake.connector")
_KINDS = {"success": "passed", "pass": "passed", "warn": "warned", "skipped": "skipped", "no-op": "skipped"}
_ASKED = ("test", "unit_test", "source")
Result = dict[str, Any]


class DbtFailed(Exception):
    """dbt could not build a node, or a test did not hold; the message says which and why."""


@dataclass(frozen=True)
class Outcome:
    """What became of each node that dbt was asked for."""

    results: tuple[Result, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many tests (and checks of freshness) `passed`, `warned` and `failed`."""
        found = Counter(_kind(one) for one in self.results if one["type"] in _ASKED)
        return {kind: found[kind] for kind in ("passed", "warned", "failed")}

    def raise_for_failures(self) -> None:
        """Raises DbtFailed where anything did not succeed."""
        bad = [one for one in self.results if _kind(one) == "failed"]
        if bad:
            raise DbtFailed("; ".join(f"{one['name']}: {one['status']}: {one['message']}" for one in bad))


def build(
    node: str,
    tests: Sequence[str],
    sources: Sequence[str],
    variables: Variables,
    shadow: str = "",
) -> Outcome:
    """Ask whether the sources are fresh, build the node, ask its tests. Raises DbtFailed: dbt did not run."""
    commands = [["source", "freshness", "--select", *sources]] if sources else []
    # By name and no further: a test that also looks at another node is asked once, with this one.
    commands.append(["build", "--select", node, *tests, "--indirect-selection", "empty"])
    return run(commands, variables, {"shadow": shadow} if shadow else {})


def run(
    commands: Sequence[Sequence[str]],
    variables: Variables,
    dbt_vars: Mapping[str, str] | None = None,
    *,
    project: Path = PROJECT,
) -> Outcome:
    """Run dbt's commands in turn, up to the first that fails. Raises DbtFailed: it did not run."""
    vars_option = ["--vars", json.dumps(dbt_vars)] if dbt_vars else []
    asked = {
        "project": str(project),
        "commands": [[*command, *vars_option] for command in commands],
        "parse": ["parse", *vars_option],
        "key": _key(project, variables.shaping, vars_option),
    }
    answer = _ask(asked, {**_surroundings(), **variables.shaping, **variables.connecting})
    if "error" in answer:
        raise DbtFailed(f"dbt did not run: {answer['error']}")
    results = tuple(answer["results"])
    if not results:
        raise DbtFailed("dbt found nothing to do")
    _tell(results)
    return Outcome(results)


def _ask(asked: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    warm = Warm(str(_interpreter()), _MODULES)
    readable, writable = os.pipe()
    with (
        os.fdopen(readable, encoding="utf-8", errors="replace") as lines,
        os.fdopen(writable, "w") as written,
        Path(os.devnull).open() as nothing,
        warm.start(
            Path(job.__file__),
            [json.dumps(asked)],
            streams=(nothing.fileno(), written.fileno(), written.fileno()),
            environment=variables,
        ) as running,
    ):
        # Ours; while it is open the other end never ends.
        written.close()
        for line in lines:
            if line.startswith("\x1e"):
                answer: dict[str, Any] = json.loads(line[1:])
                return answer
            if line.strip():
                log.info("%s", line.rstrip())
        raise DbtFailed(f"dbt ended with code {running.wait()}; its reason is above")


def _interpreter() -> Path:
    """That of the environment in which dbt is, as the installation tells it. Raises DbtFailed."""
    told = os.environ.get("FINEDGE_DBT")
    if not told:
        from airflow.sdk import Variable

        told = str(Variable.get("FINEDGE_DBT", default="dbt"))
    found = shutil.which(told)
    if found is None:
        raise DbtFailed(f"dbt was not found at {told!r}: set FINEDGE_DBT to its place")
    # Not resolved: a link to the interpreter is what makes it the environment's.
    return Path(found).with_name("python")


def _key(project: Path, shaping: Mapping[str, str], vars_option: Sequence[str]) -> str:
    """Of the project's files as they are now, and of all else that its graph is made of."""
    digest = hashlib.sha256(json.dumps([str(project), dict(shaping), *vars_option], sort_keys=True).encode())
    for file in sorted(project.rglob("*")):
        found = file.stat()
        digest.update(f"{file}|{found.st_mtime_ns}|{found.st_size}\n".encode())
    return digest.hexdigest()[:24]


def _surroundings() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        # Nothing is written there.
        "HOME": "/nonexistent",
        "NO_PROXY": os.environ.get("NO_PROXY", ""),
    }


def _kind(result: Result) -> str:
    return _KINDS.get(result["status"], "failed")


def _tell(results: Iterable[Result]) -> None:
    for one in results:
        level = logging.INFO if _kind(one) in ("passed", "skipped") else logging.WARNING
        log.log(
            level, "%s: %s in %.2f s %s", one["name"], one["status"], one["seconds"], one["message"] or ""
        )
