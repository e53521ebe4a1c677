"""Airflow's twin. Given a DAG folder it parses the DAG pointers in it as Airflow and the loader would."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.core.pointer_file import release_key
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.ports import Clock, DagFolder


@dataclass(frozen=True)
class Follow:
    """A DAG folder to parse, anew at each question, and the time that decides which release is due."""

    folder: DagFolder
    clock: Clock


class MemoryAirflow(Twin):
    """An Airflow whose DAGs, runs, import errors and state a test sets, or that follows a DAG folder.

    ``unparsed`` are DAG ids that it does not get round to parsing; a DAG set with ``set_dag`` stays as set.
    """

    def __init__(self, follow: Follow | None = None) -> None:
        super().__init__()
        self._follow = follow
        self._fixed: dict[str, AirflowDag] = {}
        self._parsed: dict[str, AirflowDag] = {}
        self._runs: list[DagRun] = []
        self._problems: list[ImportProblem] = []
        self._busy: str | None = None
        self.unparsed: set[str] = set()

    @port_call
    def dags(self, dag_ids: Sequence[str]) -> dict[str, AirflowDag]:
        """See ``ports.Airflow``."""
        self._parse()
        known = self._parsed | self._fixed
        return {dag_id: known[dag_id] for dag_id in dag_ids if dag_id in known}

    @port_call
    def active_runs(self, dag_ids: Sequence[str]) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        return tuple(run for run in self._runs if run.dag_id in dag_ids)

    @port_call
    def import_errors(self) -> Sequence[ImportProblem]:
        """See ``ports.Airflow``."""
        return tuple(self._problems)

    @port_call
    def busy(self) -> str | None:
        """See ``ports.Airflow``."""
        return self._busy

    def set_dag(self, dag: AirflowDag) -> None:
        """Let Airflow know a DAG, whatever is in the folder."""
        self._fixed[dag.dag_id] = dag

    def set_runs(self, *runs: DagRun) -> None:
        """These runs, and no others, are active."""
        self._runs = list(runs)

    def set_import_errors(self, *problems: ImportProblem) -> None:
        """These files, and no others, cannot be imported."""
        self._problems = list(problems)

    def set_busy(self, why: str | None) -> None:
        """The environment is being updated, or (None) is not."""
        self._busy = why

    def _parse(self) -> None:
        if self._follow is None:
            return
        folder, now = self._follow.folder, self._follow.clock.now()
        keys = folder.list()
        bodies = {key: folder.read(key) for key in keys if key.endswith(".py") and not key.startswith("_")}
        found = {}
        for body in bodies.values():
            for dag_id, history in _pointers(body or b""):
                if dag_id not in self.unparsed:
                    release = _due(history, keys, now)
                    found[dag_id] = AirflowDag(
                        dag_id=dag_id, active=True, paused=False, release=release, last_parsed_at=now
                    )
        for dag_id, dag in self._parsed.items():
            if dag_id not in self.unparsed and dag_id not in found:
                found[dag_id] = dag.model_copy(update={"active": False})
        self._parsed |= found


def _pointers(body: bytes) -> Iterable[tuple[str, list[tuple[str, str, str, str]]]]:
    """``dag_id`` and ``history`` of each call of ``load`` in a DAG pointer."""
    try:
        tree = ast.parse(body)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load":
            said = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
            yield said["dag_id"], said["history"]


def _due(history: list[tuple[str, str, str, str]], keys: Iterable[str], now: datetime) -> str | None:
    """The newest release that is due and in the folder, as the loader chooses it."""
    for release, _, _, since in history:
        if datetime.fromisoformat(since) <= now and release_key(release) in keys:
            return release
    return None
