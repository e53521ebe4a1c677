"""Asks Airflow until it runs what was deployed, and finds what it cannot import. Called by `airflow_dags`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.narrative import names
from reconciler.core.pointer_file import pointer_key
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import AwaitParsed
from reconciler.model.state import EnvironmentState, LiveDag, StepResult
from reconciler.ports import Airflow, Clock
from reconciler.targets.lease_guard import LeaseGuard

POLL_SECONDS, MOST_POLL_SECONDS = 1.0, 5.0
"""Between two questions to Airflow, at first and later."""

NOT_HERE = re.compile(r"(?:\w+\.)*ReleaseNotHere:")
"""The loader's error for a release that has not arrived in a container: it passes by itself."""


@dataclass(frozen=True)
class AirflowParsed:
    """What one Airflow has parsed."""

    airflow: Airflow
    clock: Clock
    lease: LeaseGuard

    def look(self, step: AwaitParsed, state: EnvironmentState) -> StepResult:
        """One look. A DAG counts when it is active and carries its release."""
        now = self.clock.now()
        first = min(_due(state.live[dag_id]) for dag_id in step.expected)
        if now < first:
            return StepResult(wait_until=first, message=_parsing(sorted(step.expected)))
        seen = self.airflow.dags(list(step.expected))
        right = frozenset(
            dag_id
            for dag_id, release in step.expected.items()
            if (dag := seen.get(dag_id)) is not None and dag.active and dag.release == release
        )
        if step.activates:
            self._activate([seen[dag_id] for dag_id in sorted(right) if state.live[dag_id].added])
        missing = sorted(step.expected.keys() - right)
        if not missing:
            return StepResult(verified=right, message=f"Airflow runs {len(right)} DAGs as deployed.")
        errors = self._errors(missing, state)
        # What ran here before broke for another reason than this change: going back would not mend it.
        rejected = {dag_id: text for dag_id, text in errors.items() if not state.live[dag_id].proven}
        due = max(_due(state.live[dag_id]) for dag_id in missing)
        if rejected or now < due + timedelta(seconds=step.seconds):
            wait = None if rejected else now + _pause(now - due)
            return StepResult(verified=right, rejected=rejected, wait_until=wait, message=_parsing(missing))
        return StepResult(verified=right, problems=tuple(_problems(step, missing, seen, errors)))

    def _activate(self, dags: Iterable[AirflowDag]) -> None:
        """Before they are written down as seen: so they are un-paused, if need be twice, and never later."""
        for dag in dags:
            if dag.paused:
                self.lease.check()
                self.airflow.set_paused(dag.dag_id, False)

    def _errors(self, missing: Iterable[str], state: EnvironmentState) -> dict[str, str]:
        """What Airflow could not import since each DAG's flip was due."""
        by_key = {pointer_key(dag_id): dag_id for dag_id in missing}
        return {
            dag_id: error.message
            for error in self.airflow.import_errors()
            if (dag_id := by_key.get(_in_folder(error.file))) is not None
            and not NOT_HERE.match(error.message)
            and (error.at is None or error.at >= _due(state.live[dag_id]))
        }


def _in_folder(file: str) -> str:
    """A file's key. Airflow tells it below the DAG folder, or from the root: then only its name is sure."""
    return file.rsplit("/", 1)[-1] if file.startswith("/") else file


def _due(live: LiveDag) -> datetime:
    return max(live.flipped_at, live.pointer.history[0].since)


def _parsing(dag_ids: list[str]) -> str:
    return f"Airflow is parsing {names(dag_ids, 3)}."


def _problems(
    step: AwaitParsed, missing: list[str], seen: Mapping[str, AirflowDag], errors: Mapping[str, str]
) -> Iterable[str]:
    for dag_id in missing:
        dag, expected = seen.get(dag_id), step.expected[dag_id]
        if dag_id in errors:
            yield f"{dag_id} does not import in Airflow: {errors[dag_id]}"
        elif dag is None:
            yield f"{dag_id} is not known to Airflow; expected on release {expected}"
        elif not dag.active:
            yield f"{dag_id} is stale in Airflow; expected active on release {expected}"
        else:
            yield f"{dag_id} is on release {dag.release or 'unknown'}; expected {expected}"


def _pause(elapsed: timedelta) -> timedelta:
    """Ask often at first, then more seldom: MWAA answers about ten calls a second, to everybody together."""
    return min(max(elapsed / 5, timedelta(seconds=POLL_SECONDS)), timedelta(seconds=MOST_POLL_SECONDS))
