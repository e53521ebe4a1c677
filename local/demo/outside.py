"""What a check may look at: the world outside the reconciler, as plain values.

Implemented by `local.demo.live` for a running stack. The tests' own implementation is a recording of it, in
which a fault is planted by replacing a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Dag:
    """A DAG as Airflow's REST API lists it. `releases`: what follows `release:` in its tags."""

    dag_id: str
    active: bool
    paused: bool
    releases: tuple[str, ...]


@dataclass(frozen=True)
class DagRun:
    """A run as Airflow lists it. `kind`: scheduled, manual, ...; `due`: its logical date (UTC), if any."""

    run_id: str
    kind: str
    state: str
    due: datetime | None


@dataclass(frozen=True)
class Stored:
    """An S3 object. `modified`: when it was last written, UTC, ISO 8601."""

    etag: str
    modified: str
    body: bytes


@dataclass(frozen=True)
class Event:
    """An event as `reconciler events --output json` tells it."""

    sequence: int
    severity: str
    reason: str
    message: str


@dataclass(frozen=True)
class GitCommit:
    """A commit as git shows it. `email`: its author's; `trailers`: the last lines of its message, by name."""

    sha: str
    email: str
    subject: str
    trailers: Mapping[str, str]


class Outside(Protocol):
    """Reads the outside, now. Each call asks anew and raises whatever goes wrong."""

    def dags(self, environment: str = "dev") -> Mapping[str, Dag]:
        """Every DAG that an environment's Airflow knows, stale ones too, by DAG id."""

    def import_errors(self) -> Sequence[str]:
        """The files that Airflow cannot import."""

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed; empty if there is no such run."""

    def said(self, dag_id: str, run_id: str, task_id: str) -> Mapping[str, str]:
        """What a task returned (its XCom); empty if nothing."""

    def runs(self, dag_id: str) -> Sequence[DagRun]:
        """The newest 100 runs of a DAG."""

    def switched(self, dag_id: str) -> Sequence[datetime]:
        """When somebody paused or un-paused a DAG (UTC), as Airflow's audit log has it, oldest first."""

    def folder(self, environment: str = "dev") -> Mapping[str, Stored]:
        """Every object of an environment's DAG folder, by key below `dags/`."""

    def versions(self, key: str) -> Sequence[bytes]:
        """Every body that was ever stored at a key of the DAG folder, oldest first."""

    def sealed(self) -> Mapping[str, str]:
        """The etags of all sealed releases in the artifact bucket, by key."""

    def tip(self) -> str:
        """The commit at the tip of the environment repo's branch."""

    def signer(self, tag: str) -> str:
        """Whose good signature git finds on a tag, of those in `allowed_signers`; empty if nobody's."""

    def commits(self, since: str) -> Sequence[GitCommit]:
        """The commits on the environment repo's branch after one, oldest first."""

    def commit_signer(self, commit: str) -> str:
        """Whose good signature git finds on a commit, of those in `allowed_signers`; empty if nobody's."""

    def file_at(self, commit: str, path: str) -> bytes:
        """A file of the environment repo at a commit; empty if there is none."""

    def alarm(self, name: str) -> str:
        """What CloudWatch says of an alarm: OK, ALARM or INSUFFICIENT_DATA; empty if there is none."""

    def tries(self, dag_id: str, run_id: str, task_id: str) -> int:
        """How often Airflow has tried a task of a run; 0 if there is none."""

    def films(self) -> Mapping[str, int]:
        """Rows per table in the destination database of `films_elt`."""

    def source_films(self) -> Mapping[str, int]:
        """Rows per table in its source database."""

    def events(self, environment: str = "dev") -> Sequence[Event]:
        """What a person is told of an environment, oldest first."""

    def status(self) -> str:
        """What `reconciler status` shows a person."""

    def killed(self) -> Sequence[str]:
        """The request ids of ticks that a SIGKILL cut off, as the functions' host logs it."""
