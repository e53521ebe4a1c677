"""The DAG of the scenes about data: small, and written down in the warehouse as the pipelines are.

Written into the code repo by the stage. Each run loads a thousand orders of an interval of its own.
"""

from __future__ import annotations

ORDERS, TASK = "orders", "load"
FILE = f"dags/{ORDERS}.py"
EVERY, HALF = "return True", "return order % 2 == 0"
FILLED, MISSING = "return order * 10", "return order * 10 if order % 50 else None"

"""What a mistake may make of them: half of the orders are gone, or some have no amount."""

TEXT = '''\
"""Airflow DAG: a thousand orders an interval, tested and written down."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, get_current_context, task

VERSION = "1.0.0"


def wanted(order: int) -> bool:
    return True


def amount(order: int) -> int | None:
    return order * 10


@dag(
    dag_id="orders",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    params={"number": 0},
    max_active_runs=1,
)
def orders() -> None:
    @task
    def load(params: dict[str, int]) -> dict[str, str]:
        from lib.connections import warehouse
        from lib.runs import record_run
        from lib.warehouse.batch import Batch, stored
        from lib.warehouse.manifest import write_manifest
        from lib.warehouse.rows import merge_row
        from lib.warehouse.schemas import DQ_RESULT, prepare

        begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=params["number"])
        batch = Batch("orders", begin, begin + timedelta(hours=1))
        began, context = datetime.now(UTC), get_current_context()
        amounts = [amount(order) for order in range(1000) if wanted(order)]
        missing = sum(one is None for one in amounts)
        result = {
            "RESULT_ID": str(uuid.uuid4()),
            "BATCH_ID": batch.id,
            "TABLE_NAME": "RAW_CORE.ORDERS",
            "RULE": "amount_is_there",
            "SEVERITY": "error",
            "PASSED": missing == 0,
            "OBSERVED": f"{missing} of {len(amounts)}",
            "CHECKED_AT": stored(datetime.now(UTC)),
            "EXPECTATION": "not_null",
            "COLUMN_NAME": "AMOUNT",
            "FAILING": missing,
        }
        with warehouse("orders.load") as connection:
            prepare(connection)
            with connection.cursor() as cursor:
                merge_row(cursor, DQ_RESULT, ("RESULT_ID",), result)
                write_manifest(cursor, batch, {"RAW_CORE.ORDERS": len(amounts)})
            good, bad = int(missing == 0), int(missing > 0)
            run, now = context["dag_run"].run_id, datetime.now(UTC)
            record_run(connection, "orders", run, batch.id, 1000, len(amounts), good, 0, bad, began, now)
        return {"dag": VERSION, "rows": str(len(amounts)), "missing": str(missing)}

    load()


orders()
'''
