"""What can go wrong on this machine, told to a person together with what to do next.

Raised everywhere in `local/`; printed by `local.__main__`. Never raised by what is deployed.
"""

from __future__ import annotations

from pathlib import Path


class LocalError(Exception):
    """Something the person at the keyboard can put right; `remedy` is the next thing to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.args[0]}\n  -> {self.remedy}"


class ServerDied(LocalError):
    """A server ended, or did not answer in time. Carries the end of its log."""

    def __init__(self, name: str, log: Path, why: str) -> None:
        super().__init__(f"{name}: {why}\n{tail(log)}", f"read {log}")


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log file, indented; empty when there is no file."""
    if not log.exists():
        return ""
    return "\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])
