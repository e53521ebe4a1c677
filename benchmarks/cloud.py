"""Our side without Airflow, for more DAGs than it parses here: real Git, S3 and DynamoDB, and Airflow's twin.

Ticks are run one by one in processes of their own. The stack's functions serve another environment, so that
no sweep ticks this one in between.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import environment_files
from benchmarks.reconciled import empty, pointers_of
from benchmarks.repos import Code, Environments, write_seed
from benchmarks.timing import Timing
from local.aws import client
from local.dag_sync import Container
from local.environments import airflow_python
from local.errors import LocalError
from local.options import ROOT, StackOptions
from local.processes import Command, start
from local.stack import Stack
from local.stack_info import StackInfo
from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.state import EnvironmentState

ENVIRONMENT, BUCKET = "bench", "bench-airflow"
TICKS = 20
"""So many ticks in a row must be enough for any deployment here."""


@dataclass(frozen=True)
class Ticked:
    """A tick: how it ended, its seconds, calls of ports and requests by name."""

    outcome: str
    message: str
    seconds: float
    calls: dict[str, int]
    requests: dict[str, int]


@dataclass
class Cloud:
    """A running light stack and the folder that a container would have."""

    info: StackInfo
    code: Code
    environments: Environments
    folder: Path
    timing: Timing

    def tick(self) -> Ticked:
        """One tick of the environment. Raises LocalError if it breaks."""
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.tick_process", ENVIRONMENT, str(self.folder)],
            cwd=ROOT, env=_variables(self.info), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise LocalError(f"a tick broke:\n{done.stderr}", "it is a bug; run the tests of the engine")
        return Ticked(**json.loads(done.stdout.splitlines()[-1]))

    def deploy(self, version: str) -> tuple[float, list[Ticked]]:
        """Push a published version and tick until it is live; when it was pushed (Unix), and the ticks."""
        self.environments.bump(version)
        pushed = time.time()
        self.environments.push()
        ticks: list[Ticked] = []
        while not ticks or ticks[-1].outcome == "waiting":
            if len(ticks) == TICKS:
                raise LocalError(f"{version} still waits: {ticks[-1].message}", "ask why it waits")
            ticks.append(self.tick())
        if ticks[-1].outcome != "applied":
            raise LocalError(f"{version}: {ticks[-1].outcome}: {ticks[-1].message}", "see the message")
        return pushed, ticks

    def arrived(self, release: str) -> bool:
        """Has the folder the pointers of a release, all of them?"""
        return pointers_of(self.folder, release, self.code.dags)

    def due_at(self) -> float:
        """The moment since when the newest release of the last DAG is used (Unix)."""
        return max(dag.pointer.history[0].since for dag in self.state.live.values()).timestamp()

    @property
    def state(self) -> EnvironmentState:
        """What is remembered of the environment."""
        table = client("dynamodb", self.info.aws_endpoint)
        return DynamoStateStore(table, self.info.table, SystemClock()).load(ENVIRONMENT)


@contextmanager
def cloud(
    folder: Path,
    dags: int,
    timing: Timing,
    say: Callable[[str], None],
    create: Callable[[Path, StackInfo, int], Code] = Code.create,
) -> Iterator[Cloud]:
    """It, for as long as the context lasts; nothing is deployed yet. Raises LocalError."""
    empty(folder)
    seed = write_seed(folder / "seed", environment_files.first(ENVIRONMENT, BUCKET, timing, "none"))
    stack = Stack.up(folder / "stack", StackOptions(airflow=False, postgres=False, seed=seed), say)
    try:
        client("s3", stack.info.aws_endpoint).create_bucket(Bucket=BUCKET)
        copied = folder / "copied"
        container = Container(copied, timing.sync.interval, 0)
        command = Command(
            (sys.executable, "-m", "local.dag_sync", stack.info.aws_endpoint, BUCKET, container.argument()),
            {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
        )
        process = start("dag sync", command, folder / "dag-sync.log")
        try:
            info = _for_us(stack.info, airflow_python(say))
            code = create(folder / "code", info, dags)
            environments = Environments.clone(folder / "environments", info.git_url, ENVIRONMENT)
            yield Cloud(info, code, environments, copied, timing)
        finally:
            process.stop()
    finally:
        stack.down()


def _for_us(info: StackInfo, python: Path) -> StackInfo:
    """The same stack for our environment; one without Airflow does not say which one to seal with."""
    ours = {"RECONCILER_ENVIRONMENTS": ENVIRONMENT, "RECONCILER_AIRFLOW_PYTHON": str(python)}
    return replace(info, env={**info.env, **ours})


def _variables(info: StackInfo) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **info.env}
