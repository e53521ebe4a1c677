"""The people's part: OPS.REPORT_APPROVAL, where somebody who is not the preparer says yes or no to a digest.

Who decided is the warehouse's own word (`CURRENT_USER()`), not the statement's. Only the role of the
approvers may insert there, and the pipeline's may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lib.warehouse.schemas import REPORT_APPROVAL

Verdict = Literal["approved", "refused"]


@dataclass(frozen=True)
class Decision:
    """What one person decided about one report's digest."""

    report: str
    digest: str
    verdict: str
    by: str
    at: datetime
    comment: str

    def written(self) -> dict[str, str]:
        """As `read` takes it; JSON."""
        return {**vars(self), "at": self.at.isoformat()}

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Decision:
        """Of such values."""
        return cls(**{**values, "at": datetime.fromisoformat(values["at"])})


class Refused(Exception):
    """Somebody refused the report; the message says who and why."""


def statement(report: str, digest: str, verdict: Verdict = "approved") -> str:
    """The SQL that an approver runs in a session of their own, once they have put in a comment."""
    return (
        f'INSERT INTO {REPORT_APPROVAL} ("REPORT_ID", "DIGEST", "VERDICT", "DECIDED_BY", "DECIDED_AT", '
        f"\"COMMENT\") SELECT '{report}', '{digest}', '{verdict}', CURRENT_USER(), "
        "SYSDATE(), 'what was compared'"
    )


def decisions(connection, report: str, digest: str) -> list[Decision]:
    """What was decided about a digest, the earliest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "REPORT_ID", "DIGEST", "VERDICT", "DECIDED_BY", "DECIDED_AT", "COMMENT" '
            f'FROM {REPORT_APPROVAL} WHERE "REPORT_ID" = ? AND "DIGEST" = ? '
            'ORDER BY "DECIDED_AT", "DECIDED_BY"',
            (report, digest),
        )
        return [
            Decision(*rest, by, at.replace(tzinfo=UTC), comment or "")
            for *rest, by, at, comment in cursor.fetchall()
        ]


def current_user(connection) -> str:
    """Who a session belongs to, as the warehouse knows it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        return str(cursor.fetchone()[0])


def settled(found: Iterable[Decision], prepared_by: str) -> Decision | None:
    """The first decision of anybody but the preparer; None while there is none. Raises Refused."""
    for one in found:
        if one.by.casefold() == prepared_by.casefold():
            continue
        if one.verdict != "approved":
            raise Refused(f"{one.report} was refused by {one.by} at {one.at:%Y-%m-%d %H:%M}: {one.comment}")
        return one
    return None
