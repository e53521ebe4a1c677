"""OPS.LOAD_MANIFEST: a line per batch whose rows are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

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
