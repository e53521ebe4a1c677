"""What a race left behind, collected once all is quiet: records, runs, pointers, events."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core.pointer_file import pointer_key
from reconciler.model.event import Event
from reconciler.model.reason import Reason
from tests.race.choice import Call, call_of
from tests.race_real.airflow import Run
from tests.race_real.killer import Kill
from tests.race_real.people import Done
from tests.race_real.plan import DAGS, Course
from tests.race_real.records import Record, read
from tests.race_real.stage import DEV, SYNC_SECONDS, Stage

PREFIX = "dags/"
Started = tuple[str, str]


@dataclass(frozen=True)
class Written:
    """A pointer as it was written: S3's time of it, to the second."""

    at: float
    body: bytes

    @property
    def call(self) -> Call:
        """What it says."""
        found = call_of(self.body)
        assert found is not None
        return found


@dataclass(frozen=True)
class Evidence:
    """All that a race is judged by. `tasks`: what Airflow says of each run's tasks, by (DAG id, run id)."""

    course: Course
    records: Sequence[Record]
    runs: Sequence[Run]
    tasks: Mapping[tuple[str, str], Mapping[str, str]]
    started: Sequence[Started]
    paused: Sequence[str]
    pointers: Mapping[str, Sequence[Written]]
    events: Sequence[Event]
    done: Sequence[Done]
    kills: Sequence[Kill]
    late: Sequence[Late]
    releases: Mapping[str, str]

    def restarted(self, dag_id: str, run_id: str) -> float:
        """When people were told that a run begins anew, the last time; 0: never."""
        line = f"{dag_id}: {run_id}"
        told = [event for event in self.events if event.reason is Reason.RUNS_RESTARTED]
        return max((event.at.timestamp() for event in told if line in event.evidence), default=0)


@dataclass(frozen=True)
class Late:
    """A container that had a pointer later than promised: then runs around it prove nothing."""

    container: str
    dag_id: str
    written: float
    arrived: float


@dataclass
class Containers:
    """Watches when pointers arrive in the folders that Airflow's processes read."""

    stage: Stage
    promised: float = SYNC_SECONDS
    arrived: dict[tuple[str, str, bytes], float] = field(default_factory=dict)

    def watch(self, stop: threading.Event) -> None:
        """Until told to stop."""
        airflow = self.stage.info.airflows[DEV]
        while not stop.wait(0.1):
            for folder in (Path(airflow.dags), Path(airflow.worker_dags)):
                for dag_id in DAGS:
                    self._look(folder, dag_id)

    def _look(self, folder: Path, dag_id: str) -> None:
        file = folder / pointer_key(dag_id)
        try:
            at, body = file.stat().st_mtime, file.read_bytes()
        except FileNotFoundError:
            return
        self.arrived.setdefault((folder.name, dag_id, body), at)

    def late(self, pointers: Mapping[str, Sequence[Written]]) -> list[Late]:
        """Copies that broke the promise of `syncSeconds`."""
        written = {(dag_id, one.body): one.at for dag_id, found in pointers.items() for one in found}
        return [
            Late(container, dag_id, written[dag_id, body], at)
            for (container, dag_id, body), at in self.arrived.items()
            if (dag_id, body) in written and at - written[dag_id, body] > self.promised
        ]


def pointers(stage: Stage) -> dict[str, list[Written]]:
    """Each DAG's pointer in all its versions, oldest first."""
    s3, bucket = stage.aws("s3"), stage.info.airflows[DEV].bucket
    found: dict[str, list[Written]] = {dag_id: [] for dag_id in DAGS}
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=PREFIX)
    # S3 lists a key's versions newest first.
    for item in reversed([item for page in pages for item in page.get("Versions", [])]):
        dag_id = item["Key"].removeprefix(PREFIX).removesuffix(".py")
        if dag_id in found:
            answer = s3.get_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
            found[dag_id].append(Written(item["LastModified"].timestamp(), answer["Body"].read()))
    return found


@dataclass
class Collector:
    """Collects the evidence of what happened since it was made."""

    stage: Stage
    course: Course
    containers: Containers
    began: float = field(default_factory=time.time)

    def collect(
        self, until: float, started: Sequence[Started], done: Sequence[Done], kills: Sequence[Kill] = ()
    ) -> Evidence:
        """Everything of the runs that were due before `until` (Unix time)."""
        stage, written = self.stage, pointers(self.stage)
        runs = [
            run for dag_id in DAGS for run in stage.airflow.every_run(dag_id) if self.began < run.due < until
        ]
        names = {(run.dag_id, run.run_id) for run in runs}
        return Evidence(
            course=self.course,
            records=[one for one in read(stage.records) if (one.dag_id, one.run_id) in names],
            runs=runs,
            tasks={(run.dag_id, run.run_id): stage.airflow.task_states(run) for run in runs},
            started=tuple(started),
            paused=[dag_id for dag_id, dag in stage.airflow.dags().items() if dag.paused],
            pointers={
                dag_id: [one for one in found if one.at > self.began - 1] for dag_id, found in written.items()
            },
            events=[event for event in stage.events() if event.at.timestamp() > self.began],
            done=tuple(done),
            kills=tuple(kills),
            late=self.containers.late(written),
            releases=dict(stage.code.releases),
        )
