"""Runs dbt as a process of its own: its packages and Airflow's do not go together.

Called by tasks. The project may lie in a folder that cannot be written (a release's cache): what dbt writes
goes to a temporary folder. dbt sees the environment it is given and nothing of the worker's.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

_PAGE = "target/static_index.html"
_GOOD = {"success", "pass", "warn"}


def executable() -> str:
    """Where dbt is, as the installation tells it: it lives in an environment of its own. Called by tasks."""
    if told := os.environ.get("FINEDGE_DBT"):
        return told
    from airflow.sdk import Variable

    return str(Variable.get("FINEDGE_DBT", default="dbt"))


class DbtFailed(Exception):
    """dbt ended with an error, or a test did not hold; the message says which nodes and why."""


@dataclass(frozen=True)
class DbtProject:
    """A project folder that holds its own profiles.yml, the dbt to run it with, and variables by name."""

    folder: Path
    executable: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    def invoke(self, command: str, select: Sequence[str]) -> dict[str, int]:
        """Run `dbt <command> --select <select ...>`; how many nodes ended how. Raises DbtFailed."""
        with tempfile.TemporaryDirectory(prefix="dbt-") as scratch:
            code = self._run([command, "--select", *select], Path(scratch))
            return _outcome(command, code, Path(scratch) / "target" / "run_results.json")

    def document(self) -> bytes:
        """The project's documents and lineage as one page that needs nothing else. Raises DbtFailed."""
        with tempfile.TemporaryDirectory(prefix="dbt-") as scratch:
            code, page = self._run(["docs", "generate", "--static"], Path(scratch)), Path(scratch) / _PAGE
            if code or not page.exists():
                raise DbtFailed(f"dbt docs ended with code {code}; its reason is in the log")
            return page.read_bytes()

    def _run(self, arguments: list[str], scratch: Path) -> int:
        folders = {"--project-dir": self.folder, "--profiles-dir": self.folder}
        written = {"--target-path": scratch / "target", "--log-path": scratch / "logs"}
        options = [str(part) for pair in (folders | written).items() for part in pair]
        with subprocess.Popen(
            [self.executable, "--no-use-colors", *arguments, *options],
            cwd=scratch,
            env=self._environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                for line in process.stdout or ():
                    log.info("%s", line.rstrip())
                return process.wait()
            finally:
                # A task that is stopped must not leave dbt behind, still writing.
                process.kill()

    def _environment(self, scratch: Path) -> dict[str, str]:
        ours = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(scratch),
            "LANG": "C.UTF-8",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_VERSION_CHECK": "false",
        }
        return {**ours, **self.variables}


def _outcome(command: str, code: int, results: Path) -> dict[str, int]:
    if not results.exists():
        raise DbtFailed(
            f"dbt {command} ended with code {code} before it ran anything; its reason is in the log"
        )
    found = json.loads(results.read_text())["results"]
    bad = [
        f"{one['unique_id']}: {one['status']}: {one['message']}"
        for one in found
        if one["status"] not in _GOOD
    ]
    if code or bad:
        raise DbtFailed(
            f"dbt {command} ended with code {code}: " + ("; ".join(bad) or "its reason is in the log")
        )
    if not found:
        raise DbtFailed(f"dbt {command} selected nothing to do")
    return dict(Counter(one["status"] for one in found))
