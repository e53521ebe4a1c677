"""OPS.LOAD_MANIFEST: which batches are there for others to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from lib.intervals import Interval
from lib.warehouse.batch import Batch, stored
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import MANIFEST


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


def loaded(connection, dag_id: str) -> list[Interval]:
    """What a DAG has loaded so far, in the order of time."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "INTERVAL_START", "INTERVAL_END" FROM {MANIFEST} WHERE "DAG_ID" = ? ORDER BY 1, 2',
            (dag_id,),
        )
        return [Interval(*(moment.replace(tzinfo=UTC) for moment in row)) for row in cursor.fetchall()]
