"""Events: what the reconciler did and why, numbered per environment and chained by hash."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.reason import Reason, Severity
from reconciler.model.value import Value


class EventDraft(Value):
    """An event before the store gives it its number: one sentence of what, what it means, what is next."""

    reason: Reason
    severity: Severity
    message: str
    evidence: tuple[str, ...] = ()
    revision: str | None = None
    release: str | None = None
    attempt: int | None = None


class Event(EventDraft):
    """An event as it is kept for ever and published.

    ``sequence`` starts at 1 and has no gaps within an environment; ``hash`` covers the event and
    ``previous_hash``, so that a changed or missing event shows (``core.chain``).
    """

    environment: str
    sequence: int
    at: datetime
    previous_hash: str
    hash: str = ""

    @property
    def correlation_id(self) -> str:
        """``<environment>/<commit>/<attempt>``: ties together all events of one operation."""
        return f"{self.environment}/{self.revision or '-'}/{self.attempt or 0}"
