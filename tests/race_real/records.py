"""What tasks wrote down while they ran."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One line of a task, as it began or as it ended. Times are Unix seconds.

    `dag`, `early`, `late` are the marks in the DAG's file, in the library imported with it, and in the one
    imported at the task's end (empty before). `release` is whose unpacked files it ran from; `start` its
    run's start as the task was told.
    """

    moment: str
    at: float
    dag_id: str
    run_id: str
    task_id: str
    number: int
    start: float
    dag: str
    early: str
    late: str
    release: str

    def __str__(self) -> str:
        marks = "/".join(filter(None, (self.dag, self.early, self.late)))
        return f"{self.task_id}#{self.number} {self.moment} {self.at:.2f} on {marks} ({self.release[:6]})"


def read(file: Path) -> list[Record]:
    """All records, in the order of their times."""
    return sorted(map(_record, file.read_text().splitlines()), key=lambda record: record.at)


def _record(line: str) -> Record:
    said = json.loads(line)
    # <cache>/<release>-<digest>/dags/<file>
    release = Path(said["file"]).parent.parent.name.partition("-")[0]
    return Record(
        said["moment"],
        said["at"],
        said["dag_id"],
        said["run_id"],
        said["task_id"],
        said["try"],
        said["start"],
        said["dag"],
        said["early"],
        said.get("late", ""),
        release,
    )
