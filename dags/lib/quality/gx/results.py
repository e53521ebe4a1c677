"""Keeps findings in OPS.DQ_RESULT: a row per expectation of a batch, however often it is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lib.quality.outcome import Finding
from lib.warehouse.batch import Batch, stored
from lib.warehouse.names import quoted
from lib.warehouse.schemas import DQ_RESULT
from lib.warehouse.transaction import patiently, transaction


def keep(connection: Any, batch: Batch, suite: str, findings: Sequence[Finding], now: datetime) -> None:
    """Write each finding in place of the one of the same batch, suite and expectation.

    What an earlier try of the batch found by expectations that are gone since is removed.
    """
    rows = [_row(batch, finding, now) for finding in findings]
    columns = [quoted(name) for name in rows[0]]
    values = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(rows))
    changed = ", ".join(f"{name} = s.{name}" for name in columns[1:])
    inserted = ", ".join(f"s.{name}" for name in columns)
    merge = (
        f"MERGE INTO {DQ_RESULT} t "
        f"USING (SELECT * FROM VALUES {values} AS v ({', '.join(columns)})) s "
        f"ON t.{columns[0]} = s.{columns[0]} WHEN MATCHED THEN UPDATE SET {changed} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(columns)}) VALUES ({inserted})"
    )
    remove = f'DELETE FROM {DQ_RESULT} WHERE "BATCH_ID" = %s AND "SUITE" = %s AND "CHECKED_AT" <> %s'

    def once() -> None:
        with connection.cursor() as cursor, transaction(cursor):
            cursor.execute(merge, [value for row in rows for value in row.values()])
            cursor.execute(remove, (batch.id, suite, stored(now).isoformat()))

    patiently(once)


def _row(batch: Batch, finding: Finding, now: datetime) -> dict[str, object]:
    same = (batch.id, finding.suite, finding.table, finding.rule, finding.expectation, finding.column)
    # Two expectations may differ in their thresholds alone: the one warns where the other fails.
    told = "|".join((*same, finding.severity, finding.threshold))
    return {
        "RESULT_ID": hashlib.sha256(told.encode()).hexdigest()[:32],
        "BATCH_ID": batch.id,
        "SUITE": finding.suite,
        "TABLE_NAME": finding.table,
        "COLUMN_NAME": finding.column,
        "RULE": finding.rule,
        "EXPECTATION": finding.expectation,
        "SEVERITY": finding.severity,
        "OWNER": finding.owner,
        "PASSED": finding.passed,
        "OBSERVED": finding.observed,
        "THRESHOLD": finding.threshold,
        "FAILING": finding.failing,
        "ERROR": finding.error,
        "CHECKED_AT": stored(now).isoformat(),
    }
