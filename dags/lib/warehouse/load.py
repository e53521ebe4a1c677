"""A whole load: stage, validate, publish, tidy. Running it again, or after a crash, ends the same.

Called by tasks. `lib.warehouse.schemas.prepare` has to have run before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lib.warehouse.batch import Batch
from lib.warehouse.bulk import Row
from lib.warehouse.checks import validate
from lib.warehouse.publish import publish
from lib.warehouse.staging import drop_staging, stage
from lib.warehouse.tables import Table


@dataclass(frozen=True)
class Source:
    """Rows for one table, by where they come from. `expected`: how many the source says there are."""

    table: Table
    rows: Mapping[str, Iterable[Row]]
    expected: int | None = None


def load(connection, batch: Batch, sources: Iterable[Source]) -> dict[str, int]:
    """Load all that a batch brings; rows by table. Raises Rejected, Superseded or what the connector raises.

    All tables of a batch go together: its line in the manifest says how many rows each has got.
    """
    staged = []
    for source in sources:
        one = stage(connection, source.table, batch, source.rows.items())
        validate(connection, one, source.expected)
        staged.append(one)
    counts = publish(connection, staged)
    for one in staged:
        drop_staging(connection, one)
    return counts
