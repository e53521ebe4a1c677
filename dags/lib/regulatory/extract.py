"""The report's files: canonical CSV of two marts, and one digest that stands for all their bytes.

The columns are named here, not taken from the marts: the supervisor's format does not follow our tables.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lib.intervals import Interval
from lib.warehouse.batch import stored
from lib.warehouse.names import quoted

REPORTS: Mapping[str, tuple[str, ...]] = {
    "RPT_LIQUIDITY": (
        "MONTH",
        "AS_OF",
        "CURRENCY",
        "CENTRAL_BANK_CASH",
        "NOSTRO_BALANCE",
        "LIQUID_ASSETS",
        "CUSTOMER_DEPOSITS",
        "PAYABLES",
        "OUTFLOW_30_DAYS",
        "COVERAGE_RATIO",
    ),
    "RPT_REVENUE_MONTHLY": (
        "MONTH",
        "DAY_COUNT",
        "FEE_COUNT",
        "FEE_REVENUE_USD",
        "INTERCHANGE_REVENUE_USD",
        "TOTAL_REVENUE_USD",
    ),
}
"""Columns by mart; ordered by the first of them."""


class EmptyReport(Exception):
    """A mart has no rows for the month: there is nothing to report."""


@dataclass(frozen=True)
class Extract:
    """The files of one report by name."""

    files: Mapping[str, bytes]

    @property
    def sums(self) -> dict[str, str]:
        """sha256 by file."""
        return {name: hashlib.sha256(body).hexdigest() for name, body in sorted(self.files.items())}

    @property
    def rows(self) -> int:
        return sum(map(rows, self.files.values()))

    @property
    def digest(self) -> str:
        """What is approved: of the files' names and bytes, and of nothing else."""
        return hashlib.sha256(json.dumps(self.sums, sort_keys=True).encode()).hexdigest()


def rows(body: bytes) -> int:
    """How many rows a file has below its first line. No value of ours has line breaks."""
    return body.count(b"\n") - 1


def extract(connection, month: Interval) -> Extract:
    """Read the report of the months in the interval. Raises EmptyReport."""
    return Extract({f"{mart.lower()}.csv": _file(connection, mart, month) for mart in REPORTS})


def _file(connection, mart: str, month: Interval) -> bytes:
    columns = REPORTS[mart]
    listed = ", ".join(map(quoted, columns))
    order = ", ".join(str(number) for number in range(1, len(columns) + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {listed} FROM {quoted('MARTS', mart)} "
            f'WHERE "MONTH" >= ? AND "MONTH" < ? ORDER BY {order}',
            (stored(month.start), stored(month.end)),
        )
        rows = cursor.fetchall()
    if not rows:
        raise EmptyReport(f"{mart} has no rows from {month.start:%Y-%m} on")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name.lower() for name in columns)
    writer.writerows([_told(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _told(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
    return str(value)
