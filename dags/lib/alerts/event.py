"""Something that people should hear of, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Severity = Literal["warn", "error"]
LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Event:
    """What happened to a task of a run, or to a whole run (then `task_id` is empty).

    The same `kind` happens to the same task of the same run once, however often it is tried or cleared.
    `message` must not hold what a source's rows hold. Longer messages are cut.
    """

    kind: Literal["task_failed", "deadline_missed"] | str
    dag_id: str
    task_id: str
    run_id: str
    severity: Severity
    owner: str
    message: str
    occurred_at: datetime
    log_url: str = ""
    try_number: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", self.message[:LONGEST_MESSAGE])

    @property
    def id(self) -> str:
        """The same for what is to be told once."""
        told = "|".join((self.dag_id, self.task_id, self.run_id, self.kind))
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    @property
    def title(self) -> str:
        """One line that says what and where."""
        where = f"{self.dag_id}.{self.task_id}" if self.task_id else self.dag_id
        tries = f" (try {self.try_number})" if self.try_number else ""
        return f"{self.severity}: {where}: {self.kind.replace('_', ' ')}{tries}"

    @property
    def details(self) -> dict[str, str]:
        """What else there is to know, by name."""
        return {"run": self.run_id, "owner": self.owner, "log": self.log_url, "message": self.message}
