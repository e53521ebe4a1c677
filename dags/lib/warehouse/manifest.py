"""OPS.LOAD_MANIFEST: a line per batch whose rows are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from lib.warehouse.batch import Batch, stored
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import MANIFEST


def loaded_until(connection, dag_id: str, moment: datetime) -> datetime:
    """Until when a DAG has loaded before a moment; that moment itself where there is no gap, or no load."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT MAX("INTERVAL_END") FROM {MANIFEST} WHERE "DAG_ID" = ? AND "INTERVAL_START" < ?',
            (dag_id, stored(moment)),
        )
        (end,) = cursor.fetchone()
    return moment if end is None else min(moment, end.replace(tzinfo=UTC))


def write_manifest(cursor, batch: Batch, counts: Mapping[str, int]) -> None:
    """Write the batch's line, within the transaction that shows its rows; `counts`: rows by table.

    Do it late: every load of the platform waits for whoever writes here.
    """
    values = {
        "BATCH_ID": batch.id,
        "DAG_ID": batch.dag_id,
        "INTERVAL_START": stored(batch.start),
        "INTERVAL_END": stored(batch.end),
        "ROW_COUNT": sum(counts.values()),
        "TARGETS": json.dumps(counts, sort_keys=True),
        "LOADED_AT": stored(datetime.now(UTC)),
    }
    merge_row(cursor, MANIFEST, ("BATCH_ID",), values)
