"""One run's share of the data: what a DAG loads for one data interval, however often it is tried."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Batch:
    """A DAG and a data interval, `end` excluded. Raises ValueError for times without a zone."""

    dag_id: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end < self.start:
            raise ValueError(f"not a data interval: {self.start} to {self.end}")

    @property
    def id(self) -> str:
        """`dag_id|start/end`. Of one DAG's batches, a later interval has the greater id."""
        return f"{self.dag_id}|{_text(self.start)}/{_text(self.end)}"

    @property
    def suffix(self) -> str:
        """What tells the batch's staging tables from others', as part of a name."""
        digest = hashlib.sha256(self.id.encode()).hexdigest()[:12].upper()
        return f"{self.start.astimezone(UTC):%Y%m%dT%H%M%S}_{digest}"


def stored(moment: datetime) -> datetime:
    """As the warehouse keeps it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _text(moment: datetime) -> str:
    # Always as long, so that comparing texts compares times.
    return stored(moment).isoformat(timespec="microseconds") + "Z"
