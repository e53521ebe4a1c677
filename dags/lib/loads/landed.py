"""OPS.LANDED_FILE: the files that were loaded, by their content, so that none is loaded under two names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from lib.extract.broken import RuleBroken
from lib.loads.handover import Handover, LandedFile
from lib.warehouse.batch import Batch
from lib.warehouse.schemas import LANDED_FILE

NO_FILE_TWICE = "no_file_twice"


def remember(handover: Handover) -> Callable[[Any], None]:
    """For `publish`: keeps which files the batch consists of."""

    def write(cursor) -> None:
        cursor.execute(f'DELETE FROM {LANDED_FILE} WHERE "BATCH_ID" = ?', (handover.batch.id,))
        for file in handover.files:
            cursor.execute(
                f'INSERT INTO {LANDED_FILE} ("SOURCE_FILE", "FEED", "SHA256", "ROW_COUNT", "BATCH_ID") '
                "VALUES (?, ?, ?, ?, ?)",
                (file.key, handover.feed, file.sha256, file.rows, handover.batch.id),
            )

    return write


def refuse_twice(warehouse, feed: str, batch: Batch, landed: Sequence[LandedFile]) -> None:
    """Raises RuleBroken for content that comes twice, in this batch or before; files without rows may."""
    full = {file.key: file.sha256 for file in landed if file.rows}
    twice = [digest for digest, count in Counter(full.values()).items() if count > 1]
    if twice:
        names = sorted(key for key, digest in full.items() if digest in twice)
        raise RuleBroken(NO_FILE_TWICE, f"the same content: {', '.join(names)}")
    with warehouse.cursor() as cursor:
        for key, digest in full.items():
            cursor.execute(
                f'SELECT "SOURCE_FILE" FROM {LANDED_FILE} WHERE "FEED" = ? AND "SHA256" = ? '
                'AND "SOURCE_FILE" <> ? AND "BATCH_ID" <> ?',
                (feed, digest, key, batch.id),
            )
            if before := cursor.fetchone():
                raise RuleBroken(NO_FILE_TWICE, f"{key} was loaded before as {before[0]}")
