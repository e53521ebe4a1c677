"""Publishes what was staged, once, and tells the run's outcome."""

from __future__ import annotations

import logging

from lib.loads.handover import Handover
from lib.loads.landed import remember
from lib.warehouse.batch import stored
from lib.warehouse.checks import Rejected, validate
from lib.warehouse.publish import publish
from lib.warehouse.schemas import MANIFEST
from lib.warehouse.staging import drop_staging

log = logging.getLogger(__name__)


class Outdated(Rejected):
    """The interval, or part of it, was loaded by another batch since these rows were read."""


def is_published(connection, handover: Handover) -> bool:
    """Whether the batch was loaded since these rows were staged: then they are in, or newer ones are.

    Raises Outdated where another batch was, whose interval overlaps: these rows might be older than its.
    """
    batch, staged = handover.batch, max(stored(one.at) for one in handover.staged)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "BATCH_ID" FROM {MANIFEST} WHERE "DAG_ID" = ? AND "LOADED_AT" >= ? '
            'AND "INTERVAL_START" < ? AND "INTERVAL_END" > ?',
            (batch.dag_id, staged, stored(batch.end), stored(batch.start)),
        )
        since = {name for (name,) in cursor.fetchall()}
    if since and batch.id not in since:
        raise Outdated(f"{batch.id}: loaded meanwhile by {', '.join(sorted(since))}; stage it again")
    return bool(since)


def publish_once(connection, handover: Handover) -> int:
    """Validate and publish all staged tables together, and drop what was staged; how many rows went in.

    Does nothing where that was done before. Raises Rejected, Superseded or what the connector raises.
    """
    if is_published(connection, handover):
        log.info("%s is published already: nothing to do", handover.batch.id)
        return handover.rows
    for one in handover.staged:
        validate(connection, one)
    counts = publish(connection, handover.staged, remember(handover) if handover.files else None)
    for one in handover.staged:
        drop_staging(connection, one)
    return sum(counts.values())
