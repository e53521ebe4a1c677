"""The DAGs of one Airflow: files in its S3 folder, and what Airflow says of them.

One handler per kind of step. Called by the executor; decides nothing and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, assert_never

from reconciler.core.identity import sha256
from reconciler.core.narrative import names
from reconciler.core.pointer_file import pointer_key, render
from reconciler.model.errors import Conflict, Transient
from reconciler.model.plan import (
    AwaitParsed,
    DeletePointers,
    FlipBatch,
    PutRelease,
    PutSupport,
    Settle,
    Step,
)
from reconciler.model.reason import Reason
from reconciler.model.state import EnvironmentState, OwnedFile, StepResult
from reconciler.ports import Airflow, Clock, DagFolder
from reconciler.targets.release_archives import ReleaseArchives

WRITERS = 16
"""Pointers written side by side; S3 takes 3,500 writes a second for one prefix."""

POLL_SECONDS, MOST_POLL_SECONDS = 1.0, 5.0
"""Between two questions to Airflow, at first and later."""

Etags = Mapping[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class AirflowDags:
    """Implements ``ports.Target``. ``support`` holds the bodies of the loader and the ignore file, by key."""

    folder: DagFolder
    airflow: Airflow
    releases: ReleaseArchives
    support: Mapping[str, bytes]
    clock: Clock

    @property
    def support_digests(self) -> Mapping[str, str]:
        """See ``ports.Target``."""
        return {key: sha256(body) for key, body in self.support.items()}

    def writes(self, step: Step) -> Mapping[str, str | None]:
        """See ``ports.Target``."""
        if isinstance(step, DeletePointers):
            return {pointer_key(dag_id): None for dag_id in step.dag_ids}
        return {key: sha256(body) for key, body in self._bodies(step).items()}

    def perform(self, step: Step, state: EnvironmentState, listing: Etags) -> StepResult:
        """See ``ports.Target``."""
        match step:
            case PutSupport() | PutRelease() | FlipBatch():
                return self._put(self._bodies(step), listing)
            case DeletePointers():
                return self._delete(step, listing)
            case Settle():
                return self._settle(step, state)
            case AwaitParsed():
                return self._await_parsed(step, state)
            case _:
                assert_never(step)

    def _bodies(self, step: Step) -> dict[str, bytes]:
        match step:
            case PutSupport():
                return {key: self.support[key] for key in step.keys}
            case PutRelease():
                return {step.key: self.releases.archive(step.release)}
            case FlipBatch():
                pointers = [flip.pointer for flip in step.flips]
                return {
                    pointer_key(pointer.dag_id): render(
                        pointer, self.releases.source(pointer.release, pointer.file)
                    )
                    for pointer in pointers
                }
            case _:
                return {}

    def _put(self, bodies: Mapping[str, bytes], listing: Etags) -> StepResult:
        now = self.clock.now()

        def put(key: str) -> tuple[str, OwnedFile]:
            etag = self._put_one(key, bodies[key], listing.get(key))
            return key, OwnedFile(digest=sha256(bodies[key]), etag=etag, written_at=now)

        return StepResult(written=dict(_side_by_side(put, bodies)))

    def _put_one(self, key: str, body: bytes, etag: str | None) -> str:
        try:
            return self.folder.put(key, body, if_match=etag)
        except Conflict as conflict:
            raise _changed_meanwhile(key) from conflict

    def _delete(self, step: DeletePointers, listing: Etags) -> StepResult:
        keys = [pointer_key(dag_id) for dag_id in step.dag_ids]

        def delete(key: str) -> tuple[str, None]:
            try:
                if key in listing:
                    self.folder.delete(key, if_match=listing[key])
            except Conflict as conflict:
                raise _changed_meanwhile(key) from conflict
            return key, None

        return StepResult(written=dict(_side_by_side(delete, keys)))

    def _settle(self, step: Settle, state: EnvironmentState) -> StepResult:
        written = [state.files[key].written_at for key in step.keys if key in state.files]
        until = max(written) + timedelta(seconds=step.seconds)
        if until <= self.clock.now():
            return StepResult(message="Every container has had the time to copy the release.")
        return StepResult(wait_until=until, message="Airflow's containers are copying the release from S3.")

    def _await_parsed(self, step: AwaitParsed, state: EnvironmentState) -> StepResult:
        seen = self.airflow.dags(list(step.expected))
        right = frozenset(
            dag_id
            for dag_id, release in step.expected.items()
            if (dag := seen.get(dag_id)) is not None and dag.active and dag.release == release
        )
        missing = sorted(step.expected.keys() - right)
        if not missing:
            return StepResult(verified=right, message=f"Airflow runs {len(right)} DAGs as deployed.")
        now = self.clock.now()
        flipped = max(state.live[dag_id].flipped_at for dag_id in missing)
        if now < flipped + timedelta(seconds=step.seconds):
            wait = now + _pause(now - flipped)
            return StepResult(
                verified=right, wait_until=wait, message=f"Airflow is parsing {names(missing, 3)}."
            )
        return StepResult(verified=right, problems=tuple(self._problems(step, missing)))

    def _problems(self, step: AwaitParsed, missing: list[str]) -> Iterable[str]:
        seen = self.airflow.dags(missing)
        errors = {error.file.rsplit("/", 1)[-1]: error.message for error in self.airflow.import_errors()}
        for dag_id in missing:
            dag, expected = seen.get(dag_id), step.expected[dag_id]
            if error := errors.get(pointer_key(dag_id)):
                yield f"{dag_id} does not import in Airflow: {error}"
            elif dag is None:
                yield f"{dag_id} is not known to Airflow; expected on release {expected}"
            elif not dag.active:
                yield f"{dag_id} is stale in Airflow; expected active on release {expected}"
            else:
                yield f"{dag_id} is on release {dag.release or 'unknown'}; expected {expected}"


def _side_by_side(do: Callable[[str], T], keys: Iterable[str]) -> list[T]:
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        return list(pool.map(do, keys))


def _pause(elapsed: timedelta) -> timedelta:
    """Ask often at first, then more seldom: MWAA answers about ten calls a second, to everybody together."""
    return min(max(elapsed / 5, timedelta(seconds=POLL_SECONDS)), timedelta(seconds=MOST_POLL_SECONDS))


def _changed_meanwhile(key: str) -> Transient:
    return Transient(
        f"{key} was changed in the DAG folder by somebody else while it was being deployed.",
        "It is looked at again and put right by itself.",
        reason=Reason.DRIFT_DETECTED,
    )
