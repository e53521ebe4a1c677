"""What a reconciliation came to, as two numbers."""

from __future__ import annotations

from lib.intervals import Interval
from lib.warehouse.batch import stored


def summary(connection, interval: Interval) -> dict[str, int]:
    """How many `items` of the interval's days were compared, and how many `breaks` there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT SUM("ITEM_COUNT"), SUM("BREAK_COUNT") FROM "MARTS"."MART_RECON_DAILY" '
            'WHERE "BUSINESS_DATE" >= ? AND "BUSINESS_DATE" < ?',
            (stored(interval.start), stored(interval.end)),
        )
        items, breaks = cursor.fetchone()
    return {"items": int(items or 0), "breaks": int(breaks or 0)}
