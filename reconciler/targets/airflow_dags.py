"""The DAGs of one Airflow: files in its S3 folder, and what Airflow says of them.

One handler per kind of step. Called by the executor; decides nothing and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar, assert_never

from reconciler.core.identity import sha256
from reconciler.core.pointer_file import pointer_key, render
from reconciler.model.errors import Conflict, Transient
from reconciler.model.plan import (
    AwaitParsed,
    AwaitQuiet,
    ClearRuns,
    CreateRuns,
    DeletePointers,
    DeleteReleases,
    FlipBatch,
    Pause,
    PutRelease,
    PutSupport,
    RestartRuns,
    Settle,
    Step,
    Unpause,
)
from reconciler.model.reason import Reason
from reconciler.model.state import EnvironmentState, OwnedFile, StepResult
from reconciler.ports import Airflow, Clock, DagFolder
from reconciler.targets.airflow_failed import AirflowFailed
from reconciler.targets.airflow_fence import AirflowFence
from reconciler.targets.airflow_missing import AirflowMissing
from reconciler.targets.airflow_parsed import AirflowParsed
from reconciler.targets.lease_guard import LeaseGuard
from reconciler.targets.release_archives import ReleaseArchives

WRITERS = 16
"""Pointers written side by side; S3 takes 3,500 writes a second for one prefix."""

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
        if isinstance(step, DeleteReleases):
            return dict.fromkeys(step.keys)
        return {key: sha256(body) for key, body in self._bodies(step).items()}

    def perform(self, step: Step, state: EnvironmentState, listing: Etags, until: datetime) -> StepResult:
        """See ``ports.Target``."""
        lease = LeaseGuard(self.clock, until)
        match step:
            case PutSupport() | PutRelease() | FlipBatch():
                return self._put(self._bodies(step), listing, lease)
            case DeletePointers() | DeleteReleases():
                return self._delete(list(self.writes(step)), listing, lease)
            case Settle():
                return self._settle(step, state)
            case AwaitParsed():
                return AirflowParsed(self.airflow, self.clock, lease).look(step, state)
            case Pause() | AwaitQuiet() | Unpause() | RestartRuns():
                return AirflowFence(self.airflow, self.clock, lease).perform(step, state)
            case CreateRuns() | ClearRuns():
                return self._runs(step, lease)
            case _:
                assert_never(step)

    def _runs(self, step: CreateRuns | ClearRuns, lease: LeaseGuard) -> StepResult:
        if isinstance(step, CreateRuns):
            return AirflowMissing(self.airflow, self.clock, lease).create(step)
        return AirflowFailed(self.airflow, self.clock, lease).clear(step)

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

    def _put(self, bodies: Mapping[str, bytes], listing: Etags, lease: LeaseGuard) -> StepResult:
        now = self.clock.now()

        def put(key: str) -> tuple[str, OwnedFile]:
            lease.check()
            etag = self._put_one(key, bodies[key], listing.get(key))
            return key, OwnedFile(digest=sha256(bodies[key]), etag=etag, written_at=now)

        return StepResult(written=dict(_side_by_side(put, bodies)))

    def _put_one(self, key: str, body: bytes, etag: str | None) -> str:
        try:
            return self.folder.put(key, body, if_match=etag)
        except Conflict as conflict:
            raise _changed_meanwhile(key) from conflict

    def _delete(self, keys: Iterable[str], listing: Etags, lease: LeaseGuard) -> StepResult:
        def delete(key: str) -> tuple[str, None]:
            lease.check()
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


def _side_by_side(do: Callable[[str], T], keys: Iterable[str]) -> list[T]:
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        return list(pool.map(do, keys))


def _changed_meanwhile(key: str) -> Transient:
    return Transient(
        f"{key} was changed in the DAG folder by somebody else while it was being deployed.",
        "It is looked at again and put right by itself.",
        reason=Reason.DRIFT_DETECTED,
    )
