"""Runs dbt for a task: a node, its tests and the freshness of its sources, by a server that has dbt ready."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.dbt.client import Job, invoke
from lib.dbt.graph import PROJECT
from lib.dbt.target import Variables

log = logging.getLogger(__name__)

_WARNED, _SKIPPED = {"warn"}, {"skipped", "no-op"}
_GOOD = {"success", "pass"}
Result = dict[str, Any]


class DbtFailed(Exception):
    """dbt could not build a node, or a test did not hold; the message says which and why."""


@dataclass(frozen=True)
class Outcome:
    """What became of each node that dbt was asked for."""

    results: tuple[Result, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many tests (and checks of freshness) passed, warned and failed."""
        found = Counter(_kind(one) for one in self.results if one["type"] in ("test", "source", "unit_test"))
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
    *,
    project: Path = PROJECT,
) -> Outcome:
    """Ask whether the sources are fresh, build the node, ask its tests. Raises DbtFailed: dbt did not run."""
    commands = [["source", "freshness", "--select", *sources]] if sources else []
    # By name and no further: a test that also looks at another node is asked once, with this one.
    commands.append(["build", "--select", node, *tests, "--indirect-selection", "empty"])
    return run(commands, variables, {"shadow": shadow} if shadow else {}, project=project)


def run(
    commands: Sequence[Sequence[str]],
    variables: Variables,
    dbt_vars: dict[str, str] | None = None,
    *,
    project: Path = PROJECT,
) -> Outcome:
    """Run dbt's commands in turn, up to the first that fails. Raises DbtFailed: it did not run."""
    vars_option = ["--vars", json.dumps(dbt_vars)] if dbt_vars else []
    job = Job(
        project=str(project),
        commands=[[*command, *vars_option] for command in commands],
        parse=["parse", *vars_option],
        shaping=dict(variables.shaping),
        connecting=dict(variables.connecting),
    )
    answer = invoke(dbt_executable(), job, log.info)
    if answer.get("error"):
        raise DbtFailed(f"dbt did not run: {answer['error']}")
    results = tuple(answer["results"])
    if not results:
        raise DbtFailed("dbt found nothing to do")
    _tell(results)
    return Outcome(results)


def dbt_executable() -> str:
    """Where dbt is, told by the installation: it lives in an environment of its own."""
    from airflow.sdk import Variable

    return os.environ.get("FINEDGE_DBT") or Variable.get("FINEDGE_DBT", default="dbt")


def _kind(result: Result) -> str:
    if result["status"] in _GOOD:
        return "passed"
    if result["status"] in _WARNED:
        return "warned"
    return "skipped" if result["status"] in _SKIPPED else "failed"


def _tell(results: Iterable[Result]) -> None:
    for one in results:
        level = logging.INFO if _kind(one) in ("passed", "skipped") else logging.WARNING
        log.log(
            level, "%s: %s in %.2f s %s", one["name"], one["status"], one["seconds"], one["message"] or ""
        )
