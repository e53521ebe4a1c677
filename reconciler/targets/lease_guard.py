"""Stops a tick that woke up late before it changes anything: what it planned is another's by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.errors import Conflict
from reconciler.ports import Clock


@dataclass(frozen=True)
class LeaseGuard:
    """Asked before each change of the outside, because Airflow knows no fencing token and S3 only etags."""

    clock: Clock
    until: datetime

    def check(self) -> None:
        """``Conflict`` if the lease has run out."""
        if self.clock.now() >= self.until:
            raise Conflict(f"The lease ran out at {self.until.isoformat()}; the next tick goes on from here.")
