"""The same platform with one safeguard missing: what the race must find.

Each stands between the reconciler and the simulated Airflow, as a fault of the reconciler would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from reconciler.model.observation import DagRun
from reconciler.model.plan import Flip, FlipBatch, Step
from reconciler.model.state import StepResult
from reconciler.ports import Target
from tests.race.airflow import RaceAirflow


class _Around:
    """Hands on all that it does not say otherwise."""

    def __init__(self, around: Any) -> None:
        self._around = around

    def __getattr__(self, name: str) -> Any:
        return getattr(self._around, name)


class LooksOnlyOnce(_Around):
    """The second idle check is off: once we have paused a DAG, its runs are not looked at again."""

    def active_runs(self, dag_ids: Sequence[str]) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        ours = self._around.paused_by_us
        return [run for run in self._around.active_runs(dag_ids) if run.dag_id not in ours]


class DueAtOnce(_Around):
    """A pointer's newest release is due from the time of its write, not when every container has it."""

    def writes(self, step: Step) -> Mapping[str, str | None]:
        """See ``ports.Target``."""
        found: Mapping[str, str | None] = self._around.writes(_due_at_once(step))
        return found

    def perform(self, step: Step, *rest: Any, **named: Any) -> StepResult:
        """See ``ports.Target``."""
        result: StepResult = self._around.perform(_due_at_once(step), *rest, **named)
        return result


class NeverUnpauses(_Around):
    """Every fence stays shut."""

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """See ``ports.Airflow``."""
        if paused:
            self._around.set_paused(dag_id, paused)


class NeverRestarts(_Around):
    """Runs of a condemned release go on as if nothing were."""

    def restart_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""


class OwesNothing(_Around):
    """What asset events would have started while a DAG was paused is forgotten."""

    def create_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""


class PausedByNobody(_Around):
    """A DAG that a person paused looks as if it were not."""

    def dags(self, dag_ids: Sequence[str]) -> Any:
        """See ``ports.Airflow``."""
        ours, found = self._around.paused_by_us, self._around.dags(dag_ids)
        return {
            dag_id: dag if dag_id in ours else dag.model_copy(update={"paused": False})
            for dag_id, dag in found.items()
        }


AIRFLOWS: Sequence[tuple[Callable[[RaceAirflow], Any], str]] = (
    (LooksOnlyOnce, "its graph changed"),
    (NeverUnpauses, "is left paused"),
    (NeverRestarts, "of two releases"),
    (OwesNothing, "no run was made of the asset event"),
    (PausedByNobody, "though a person had paused it"),
)
"""What is missing, and what the race has to say of it."""


def due_at_once(target: Target) -> Any:
    """A target that lets releases be due at once."""
    return DueAtOnce(target)


def _due_at_once(step: Step) -> Step:
    if not isinstance(step, FlipBatch):
        return step
    return step.model_copy(update={"flips": tuple(_earlier(flip, step.seconds) for flip in step.flips)})


def _earlier(flip: Flip, seconds: float) -> Flip:
    newest, *older = flip.pointer.history
    if not flip.new:
        return flip
    history = (newest.model_copy(update={"since": newest.since - timedelta(seconds=seconds)}), *older)
    return flip.model_copy(update={"pointer": flip.pointer.model_copy(update={"history": history})})
