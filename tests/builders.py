"""Values for tests: each builder gives a valid one, and a test names only what it is about."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from reconciler.core.identity import artifact_digest, release_id, sha256
from reconciler.model.artifact import ArtifactManifest, FileEntry
from reconciler.model.component import Component
from reconciler.model.environment import AirflowApi, AirflowSpec, DagFolderSpec, Desired, Environment, HttpApi
from reconciler.model.event import EventDraft
from reconciler.model.plan import DagPointer, HistoryEntry
from reconciler.model.pointer import ComponentPin, Pointer
from reconciler.model.reason import Phase, Reason, Severity, TriggeredBy
from reconciler.model.release import Archive, ReleaseManifest, SealedDag
from reconciler.model.state import (
    Applied,
    EnvironmentState,
    LiveDag,
    Operation,
    OwnedFile,
    StepRecord,
)

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
"""When tests begin."""

SECOND = timedelta(seconds=1)
VERSIONS = {Component.DAGS: "1.0.0", Component.LIBS: "1.0.0", Component.DBT: "1.0.0"}


def environment(
    name: str = "dev",
    *,
    sync_seconds: float = 1,
    parse_seconds: float = 60,
    url: str = "http://127.0.0.1:8080",
) -> Environment:
    """An environment with a plain Airflow."""
    return Environment(
        api_version="reconciler/v1",
        kind="Environment",
        name=name,
        airflow=AirflowSpec(
            version="3.0.6",
            api=AirflowApi(http=HttpApi(url=url)),
            dag_folder=DagFolderSpec(bucket=f"{name}-airflow", prefix="dags/"),
            sync_seconds=sync_seconds,
            parse_seconds=parse_seconds,
        ),
    )


def pointer(versions: Mapping[Component, str] | None = None) -> Pointer:
    """A pointer at 1.0.0 of everything, or at ``versions``."""
    pins = {component: ComponentPin(version=version) for component, version in (versions or VERSIONS).items()}
    return Pointer(api_version="reconciler/v1", kind="Pointer", components=pins)


def desired(versions: Mapping[Component, str] | None = None, *, spec: Environment | None = None) -> Desired:
    """What a commit says."""
    return Desired(environment=spec or environment(), pointer=pointer(versions))


def tar_gz(files: Mapping[str, bytes]) -> bytes:
    """A reproducible ``.tar.gz`` of some files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            archive.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(raw.getvalue(), mtime=0)


def artifact(
    component: Component = Component.DAGS,
    version: str = "1.0.0",
    files: Mapping[str, bytes] | None = None,
    *,
    parent: str | None = None,
    authors: tuple[str, ...] = ("Ana <ana@example.com>",),
) -> tuple[ArtifactManifest, bytes]:
    """An artifact's manifest and archive; other ``files`` give another digest."""
    contents = files if files is not None else {f"{component.folder}/one.py": f"# {version}\n".encode()}
    entries = tuple(
        FileEntry(path=path, sha256=sha256(body), size=len(body)) for path, body in sorted(contents.items())
    )
    manifest = ArtifactManifest(
        component=component,
        version=version,
        digest=artifact_digest(component, entries),
        parent=parent,
        commit="c" * 40,
        authors=authors,
        files=entries,
    )
    return manifest, tar_gz(contents)


def dag_ids(n_dags: int) -> tuple[str, ...]:
    """``dag_000``, ``dag_001``, …"""
    return tuple(f"dag_{number:03}" for number in range(n_dags))


def release_manifest(
    n_dags: int = 3,
    *,
    seed: str = "1.0.0",
    changed: tuple[str, ...] | None = None,
    archive: bytes | None = None,
) -> ReleaseManifest:
    """A sealed release; ``seed`` makes another, whose DAGs in ``changed`` (None: all) differ."""
    body = archive if archive is not None else release_archive(n_dags, seed=seed)
    components = {component: sha256(f"{component}-{seed}".encode()) for component in Component}
    dags = {}
    for dag_id in dag_ids(n_dags):
        of = seed if changed is None or dag_id in changed else "1.0.0"
        dags[dag_id] = SealedDag(file=f"dags/{dag_id}.py", fingerprint=sha256(f"{dag_id}-{of}".encode())[:32])
    return ReleaseManifest(
        id=release_id(components),
        components=components,
        archive=Archive(sha256=sha256(body), size=len(body)),
        airflow_version="3.0.6",
        python_version="3.11",
        dags=dags,
    )


def release_archive(n_dags: int = 3, *, seed: str = "1.0.0") -> bytes:
    """The archive of ``release_manifest(n_dags, seed=seed)``: one file per DAG."""
    return tar_gz({f"dags/{dag_id}.py": f"# airflow DAG {seed}\n".encode() for dag_id in dag_ids(n_dags)})


def dag_pointer(manifest: ReleaseManifest, dag_id: str, *, since: datetime = NOW) -> DagPointer:
    """A DAG's pointer at a release."""
    entry = HistoryEntry(
        release=manifest.id,
        archive_sha256=manifest.archive.sha256,
        file=manifest.dags[dag_id].file,
        since=since,
    )
    return DagPointer(dag_id=dag_id, history=(entry,))


def owned(body: bytes, *, etag: str | None = None, at: datetime = NOW) -> OwnedFile:
    """A file of ours with this body."""
    return OwnedFile(digest=sha256(body), etag=etag or f'"{sha256(body)[:32]}"', written_at=at)


def operation(attempt: int = 1, *, phase: Phase = Phase.RUNNING, revision: str = "a" * 40) -> Operation:
    """One attempt to reach a commit."""
    return Operation(
        attempt=attempt,
        revision=revision,
        release="0" * 16,
        triggered_by=TriggeredBy.WEBHOOK,
        phase=phase,
        message="Applying.",
        plan_digest="d" * 64,
        started_at=NOW,
    )


def step_record(attempt: int = 1, number: int = 1, *, kind: str = "PutRelease") -> StepRecord:
    """An intended step."""
    return StepRecord(attempt=attempt, number=number, kind=kind, subject="one", intended_at=NOW)


def event_draft(
    message: str = "It is live.", *, reason: Reason = Reason.RECONCILIATION_SUCCEEDED
) -> EventDraft:
    """An event that is not numbered yet."""
    return EventDraft(reason=reason, severity=Severity.INFO, message=message, revision="a" * 40, attempt=1)


def state(
    name: str = "dev",
    *,
    release: ReleaseManifest | None = None,
    revision: str = "a" * 40,
    verified: bool = True,
) -> EnvironmentState:
    """The memory of an environment: never seen, or with all of ``release`` live and applied."""
    if release is None:
        return EnvironmentState(environment=name)
    live = {
        dag_id: LiveDag(
            pointer=dag_pointer(release, dag_id),
            fingerprint=dag.fingerprint,
            verified=verified,
            flipped_at=NOW,
        )
        for dag_id, dag in release.dags.items()
    }
    applied = Applied(revision=revision, release=release.id, desired=desired(spec=environment(name)), at=NOW)
    keys = [f"_releases/{release.id}.tar.gz", *(f"{dag_id}.py" for dag_id in release.dags)]
    return EnvironmentState(
        environment=name,
        live=live,
        files={key: owned(PurePosixPath(key).name.encode()) for key in keys},
        accepted=applied,
        applied=applied,
        last_attempted_revision=revision,
    )


EACH_MINUTE = {
    "timetable": '"airflow.timetables.trigger.CronTriggerTimetable"',
    "timetable expression": '"* * * * *"',
    "timetable interval": "0.0",
    "timetable timezone": '"UTC"',
}
"""The calendar of a DAG that is due each minute, as a seal says it."""

BY_ASSETS = {"timetable": '"airflow.timetables.simple.AssetTriggeredTimetable"'}
"""The calendar of a DAG that assets start."""

BY_HAND = {"timetable": '"airflow.timetables.simple.NullTimetable"'}
"""The calendar of a DAG that only people start."""
