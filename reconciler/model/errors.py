"""What can go wrong, by what has to happen next.

Raised by adapters, build and core; mapped to outcomes by the tick and to exit codes by the CLI. Anything
that is not one of these is our own bug.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.model.reason import Reason


class ReconcilerError(Exception):
    """A failure that is understood: ``message`` says what and where, ``remedy`` what to do next."""

    def __init__(self, message: str, remedy: str, reason: Reason = Reason.RECONCILIATION_FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class Terminal(ReconcilerError):
    """A person has to change something in Git or in the configuration; retrying does not help."""


class Waiting(ReconcilerError):
    """Nothing is wrong, it is only too early: look again at ``until`` (UTC)."""

    def __init__(self, message: str, until: datetime, reason: Reason, remedy: str = "") -> None:
        super().__init__(message, remedy, reason)
        self.until = until


class Transient(ReconcilerError):
    """The outside failed in a way that passes: retry after ``after_seconds``."""

    def __init__(
        self, message: str, remedy: str = "It is retried by itself.", after_seconds: float = 30.0,
        reason: Reason = Reason.PROGRESSING_WITH_RETRY,
    ) -> None:  # fmt: skip
        super().__init__(message, remedy, reason)
        self.after_seconds = after_seconds


class Conflict(ReconcilerError):
    """Somebody else was first: a held or lost lease, a moved tip, a changed object. Look again."""

    def __init__(self, message: str, remedy: str = "", reason: Reason = Reason.LEASE_CONTENDED) -> None:
        super().__init__(message, remedy, reason)


class InvalidInput(Terminal):
    """A file that people wrote does not say what it has to; every problem is listed in ``problems``."""

    def __init__(self, problems: tuple[str, ...], remedy: str) -> None:
        super().__init__("\n".join(problems), remedy, Reason.INVALID_CONFIGURATION)
        self.problems = problems
