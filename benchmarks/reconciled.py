"""Our side: a whole local stack, a code repo, and a person who deploys by pushing a commit."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from benchmarks import environment_files, waiting
from benchmarks.airflow_view import AirflowView
from benchmarks.environment_files import ENVIRONMENT
from benchmarks.repos import Code, Environments, write_seed
from benchmarks.timing import Timing
from local.aws import client
from local.errors import LocalError
from local.home import Home
from local.options import MwaaEnvironment, StackOptions
from local.stack import Stack
from local.stack_info import StackInfo
from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.reason import Phase
from reconciler.model.state import EnvironmentState
from reconciler.ports import StateStore

MWAA = MwaaEnvironment("bench", "bench-airflow")
NEWEST = re.compile(r"history=\[\s*\('([0-9a-f]+)'")


@dataclass
class Reconciled:
    """A running stack whose Airflow runs what was pushed."""

    info: StackInfo
    code: Code
    environments: Environments
    timing: Timing

    @cached_property
    def view(self) -> AirflowView:
        """Its Airflow."""
        return AirflowView(self.info.airflows[ENVIRONMENT].url)

    @cached_property
    def store(self) -> StateStore:
        """Its memory."""
        return DynamoStateStore(client("dynamodb", self.info.aws_endpoint), self.info.table, SystemClock())

    @property
    def state(self) -> EnvironmentState:
        """What it remembers of the environment."""
        return self.store.load(ENVIRONMENT)

    def deploy(self, version: str) -> tuple[float, float]:
        """Push a published version and wait until Airflow runs it; when it was pushed and live (Unix)."""
        self.environments.bump(version)
        return self.push_until(version)

    def push_until(self, version: str) -> tuple[float, float]:
        """Push what is committed and wait until Airflow runs `version` of every DAG."""
        pushed = time.time()
        commit = self.environments.push()
        live = waiting.moment(lambda: self.runs(version), self.timing.limit, f"Airflow runs {version}")
        self.settle(commit)
        return pushed, live

    def settle(self, commit: str) -> None:
        """Wait until a commit is recorded as live."""
        waiting.moment(lambda: self._settled(commit), self.timing.limit, f"the deployment of {commit} ends")

    def runs(self, version: str) -> bool:
        """Does Airflow run this version of every DAG, unmixed?"""
        seen = self.view.dags(self.code.dags)
        states = [dag.state(self.code.releases) for dag in seen.values()]
        return states == [version] * self.code.dags

    def pointers_arrived(self, release: str) -> bool:
        """Has the dag-processor's folder the pointers of a release, all of them?"""
        return pointers_of(Path(self.info.airflows[ENVIRONMENT].dags), release, self.code.dags)

    def due_at(self) -> datetime:
        """The moment since when the newest release of the last DAG is used (UTC)."""
        return max(live.pointer.history[0].since for live in self.state.live.values())

    def _settled(self, commit: str) -> bool:
        operation = self.state.operation
        if operation is None or operation.revision != commit:
            return False
        if operation.phase is Phase.FAILED:
            raise LocalError(f"the deployment failed: {operation.message}", f"read {self.info.logs}")
        return operation.phase is Phase.SUCCEEDED


@contextmanager
def reconciled(folder: Path, dags: int, timing: Timing, say: Callable[[str], None]) -> Iterator[Reconciled]:
    """A stack for as long as the context lasts; nothing is deployed yet. Raises LocalError."""
    empty(folder)
    files = environment_files.first(ENVIRONMENT, MWAA.bucket, timing, MWAA.name)
    options = StackOptions(
        environments={ENVIRONMENT: MWAA},
        seed=write_seed(folder / "seed", files),
        sync=timing.sync,
        parse_interval=timing.parse_interval,
        postgres=False,
    )
    stack = Stack.up(folder / "stack", options, say)
    try:
        code = Code.create(folder / "code", stack.info, dags)
        environments = Environments.clone(folder / "environments", stack.info.git_url, ENVIRONMENT)
        yield Reconciled(stack.info, code, environments, timing)
    finally:
        stack.down()


def pointers_of(folder: Path, release: str, count: int) -> bool:
    """Are there `count` pointers in a folder, the newest entry of each being a release?"""
    # The last that is copied first: mostly that one is enough to know.
    pointers = sorted(folder.glob("generated_*.py"), reverse=True)
    return len(pointers) == count and all(_newest(file) == release for file in pointers)


def _newest(pointer: Path) -> str:
    """The release of the first entry of a pointer's history; older ones are named too."""
    found = NEWEST.search(pointer.read_text())
    return found[1] if found else ""


def empty(folder: Path) -> None:
    """Remove what an earlier run left in a benchmark's folder. Raises LocalError if it still runs."""
    if Home.at(folder / "stack").supervisor() is not None:
        raise LocalError(f"a benchmark already runs in {folder}", "wait for its end, or press Ctrl-C there")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
