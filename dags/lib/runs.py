"""OPS.PIPELINE_RUN: a row per DAG run, how many rows it took and gave, and how its tests ended."""

from __future__ import annotations

from datetime import datetime

from lib.warehouse.batch import stored
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import PIPELINE_RUN
from lib.warehouse.transaction import patiently


def record_run(  # noqa: PLR0913, PLR0917 - the columns of a row
    connection,
    dag_id: str,
    run_id: str,
    batch_id: str | None,
    rows_in: int,
    rows_out: int,
    passed: int,
    warned: int,
    failed: int,
    started: datetime,
    ended: datetime,
    *,
    release: str | None = None,
    state: str = "success",
) -> None:
    """Write, or write anew, the row of a run. Times need a zone. Raises what the connector raises."""
    row = {
        "DAG_ID": dag_id,
        "RUN_ID": run_id,
        "BATCH_ID": batch_id,
        "RELEASE": release,
        "STATE": state,
        "STARTED_AT": stored(started),
        "ENDED_AT": stored(ended),
        "ROWS_IN": rows_in,
        "ROWS_OUT": rows_out,
        "PASSED": passed,
        "WARNED": warned,
        "FAILED": failed,
    }
    with connection.cursor() as cursor:
        patiently(lambda: merge_row(cursor, PIPELINE_RUN, ("DAG_ID", "RUN_ID"), row))
