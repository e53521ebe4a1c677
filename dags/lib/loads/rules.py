"""Rules that only who reads a source can check, kept with the other results in OPS.DQ_RESULT."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from lib.warehouse.batch import Batch, stored
from lib.warehouse.checks import Rejected
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import DQ_RESULT
from lib.warehouse.transaction import patiently


class RuleBroken(Rejected):
    """A source that must not be loaded: which rule it breaks, and what was found, without a row's values."""

    def __init__(self, rule: str, observed: str, table: str = "") -> None:
        super().__init__(f"{table + ': ' if table else ''}{rule}: {observed}")
        self.rule, self.observed, self.table = rule, observed, table

    def of(self, table: str) -> RuleBroken:
        """The same, of a table or file."""
        return RuleBroken(self.rule, self.observed, table)


def keep_results(connection, batch: Batch, table: str, rules: Iterable[str], observed: str = "") -> None:
    """Keep that a batch's rules were checked for a table: they hold, unless something was observed."""
    with connection.cursor() as cursor:
        for rule in rules:
            row = {
                "RESULT_ID": hashlib.sha256(f"{batch.id}|{table}|{rule}".encode()).hexdigest()[:32],
                "BATCH_ID": batch.id,
                "TABLE_NAME": table,
                "RULE": rule,
                "SEVERITY": "error",
                "PASSED": not observed,
                "OBSERVED": observed[:500],
                "CHECKED_AT": stored(datetime.now(UTC)),
            }
            patiently(lambda row=row: merge_row(cursor, DQ_RESULT, ("RESULT_ID",), row))
