"""Decides on a batch's alerts, and keeps a row per decision for the auditor.

A critical alert belongs to the batch that first decided on it, for ever: an alert that was found late is
escalated by the next run, and by no other. A run that is run again finds its own alerts and so decides the
same; where more have come in the meantime, that is a further decision, and the first row stays as it was.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lib.warehouse.batch import Batch, stored
from lib.warehouse.names import quoted
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import AML_CASE, AML_DECISION
from lib.warehouse.transaction import patiently, transaction

ALERTS = quoted("MARTS", "FCT_AML_ALERTS")
ESCALATED = "critical"
Outcome = Literal["escalate", "no_action"]


@dataclass(frozen=True)
class Decision:
    """`evidence`: a digest of the alerts that were decided on."""

    batch: Batch
    hits: int
    evidence: str

    @property
    def outcome(self) -> Outcome:
        return "escalate" if self.hits else "no_action"

    @property
    def id(self) -> str:
        return f"{self.batch.id}#{self.evidence}"

    @property
    def event(self) -> str:
        """As which people are told of it: once, and of further evidence again."""
        return f"aml_escalation_{self.evidence[:8]}"


def decide(connection, batch: Batch, run_id: str) -> Decision:
    """Decide, and keep the decision with its cases, in one transaction. Raises what the connector raises."""

    def once() -> Decision:
        with connection.cursor() as cursor, transaction(cursor):
            alerts = _alerts(cursor, batch)
            evidence = hashlib.sha256("\n".join(alerts).encode()).hexdigest()[:16]
            decision = Decision(batch, len(alerts), evidence)
            _keep(cursor, decision, alerts, run_id)
            return decision

    return patiently(once)


def _alerts(cursor, batch: Batch) -> list[str]:
    """Ids of critical alerts up to the batch's end that no other batch has decided on."""
    cursor.execute(
        f'SELECT a."ALERT_ID" FROM {ALERTS} a LEFT JOIN {AML_CASE} c ON c."ALERT_ID" = a."ALERT_ID" '
        'WHERE a."SEVERITY" = ? AND a."BUSINESS_DATE" < ? AND (c."BATCH_ID" IS NULL OR c."BATCH_ID" = ?) '
        "ORDER BY 1",
        (ESCALATED, stored(batch.end), batch.id),
    )
    return [alert for (alert,) in cursor.fetchall()]


def _keep(cursor, decision: Decision, alerts: list[str], run_id: str) -> None:
    now = stored(datetime.now(UTC))
    for alert in alerts:
        case = {"ALERT_ID": alert, "BATCH_ID": decision.batch.id, "OPENED_AT": now}
        merge_row(cursor, AML_CASE, ("ALERT_ID",), case, change=False)
    row = {
        "DECISION_ID": decision.id,
        "BATCH_ID": decision.batch.id,
        "OUTCOME": decision.outcome,
        "HITS": decision.hits,
        "EVIDENCE": decision.evidence,
        "RUN_ID": run_id,
        "DECIDED_AT": now,
    }
    merge_row(cursor, AML_DECISION, ("DECISION_ID",), row, change=False)
