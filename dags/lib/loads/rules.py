"""Rules that only who reads a source can check, kept with the other results in OPS.DQ_RESULT."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lib.warehouse.batch import Batch, stored
from lib.warehouse.rows import merge_rows
from lib.warehouse.schemas import DQ_RESULT
from lib.warehouse.transaction import patiently


@dataclass(frozen=True)
class Result:
    """How a rule ended for a table: it holds, unless something was observed."""

    table: str
    rule: str
    observed: str = ""


def keep_results(connection, batch: Batch, results: Iterable[Result]) -> None:
    """Keep how a batch's rules ended."""
    rows = [
        {
            "RESULT_ID": hashlib.sha256(f"{batch.id}|{one.table}|{one.rule}".encode()).hexdigest()[:32],
            "BATCH_ID": batch.id,
            "TABLE_NAME": one.table,
            "RULE": one.rule,
            "SEVERITY": "error",
            "PASSED": not one.observed,
            "OBSERVED": one.observed[:500],
            "CHECKED_AT": stored(datetime.now(UTC)),
        }
        for one in results
    ]
    if rows:
        with connection.cursor() as cursor:
            patiently(lambda: merge_rows(cursor, DQ_RESULT, ("RESULT_ID",), rows))
