"""OPS.MODEL_REGISTRY: which models there are, for which data, how good, and where they lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from lib.warehouse.batch import stored
from lib.warehouse.names import quoted
from lib.warehouse.rows import merge_row
from lib.warehouse.schemas import MODEL_REGISTRY
from lib.warehouse.transaction import patiently


@dataclass(frozen=True)
class Entry:
    """A registered model. `location`: its key in the lake; `digest`: sha256 of the bytes there."""

    model: str
    version: str
    digest: str
    location: str
    feature_set: str
    metrics: str
    row_count: int
    reasons: str
    batch_id: str
    interval_start: datetime
    interval_end: datetime

    @property
    def log_loss(self) -> float | None:
        metrics: Mapping[str, float | None] = json.loads(self.metrics)
        return metrics.get("log_loss")


_COLUMNS = tuple(one.name.upper() for one in fields(Entry))


def register(connection, entry: Entry) -> None:
    """Add a model; a version that is there already is the newest again."""
    row = {name: getattr(entry, name.lower()) for name in _COLUMNS}
    row |= {name: stored(row[name]) for name in ("INTERVAL_START", "INTERVAL_END")}
    row["REGISTERED_AT"] = stored(datetime.now(UTC))
    with connection.cursor() as cursor:
        patiently(lambda: merge_row(cursor, MODEL_REGISTRY, ("MODEL", "VERSION"), row))


def newest(connection, model: str, until: datetime) -> Entry | None:
    """The newest model of data that ended by `until`: an interval that is run again gets no later one."""
    names = ", ".join(quoted(name) for name in _COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {names} FROM {MODEL_REGISTRY} WHERE "MODEL" = ? AND "INTERVAL_END" <= ? '
            'ORDER BY "INTERVAL_END" DESC, "REGISTERED_AT" DESC, "VERSION" LIMIT 1',
            (model, stored(until)),
        )
        row = cursor.fetchone()
    if row is None:
        return None
    *rest, start, end = row
    return Entry(*rest, start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
