"""OPS.PIPELINE_EVENT: a row per event, however often it is told."""

from __future__ import annotations

from lib.alerts.event import Event
from lib.warehouse.batch import stored
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import PIPELINE_EVENT, prepare
from lib.warehouse.transaction import patiently


def keep(connection, event: Event) -> set[str]:
    """Keep the event unless it is kept; the channels that have been told of it."""
    row = {
        "EVENT_ID": event.id,
        "DAG_ID": event.dag_id,
        "TASK_ID": event.task_id,
        "RUN_ID": event.run_id,
        "KIND": event.kind,
        "SEVERITY": event.severity,
        "OWNER": event.owner,
        "MESSAGE": event.message,
        "LOG_URL": event.log_url,
        "OCCURRED_AT": stored(event.occurred_at),
        "SENT_TO": "",
    }
    # The first thing to fail may be the first task that there ever was.
    prepare(connection)
    with connection.cursor() as cursor:
        patiently(lambda: merge_row(cursor, PIPELINE_EVENT, ("EVENT_ID",), row, change=False))
        cursor.execute(f'SELECT "SENT_TO" FROM {PIPELINE_EVENT} WHERE "EVENT_ID" = ?', (event.id,))
        return set((cursor.fetchone()[0] or "").split())


def sent(connection, event: Event, channels: set[str]) -> None:
    """Remember which channels have been told."""
    change = f'UPDATE {PIPELINE_EVENT} SET "SENT_TO" = ? WHERE "EVENT_ID" = ?'
    with connection.cursor() as cursor:
        patiently(lambda: cursor.execute(change, (" ".join(sorted(channels)), event.id)))
