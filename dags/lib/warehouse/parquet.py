"""Stages Parquet files as they are: Snowflake reads them, whatever their encoding, and nobody else has to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from lib.warehouse.batch import Batch, stored
from lib.warehouse.names import column_type, quoted
from lib.warehouse.staging import Staged, create_staging, plain_name, staging_name
from lib.warehouse.tables import Table

_PATH = re.compile(r"[A-Za-z0-9_./=+-]+")


def stage_parquet(connection, table: Table, batch: Batch, files: Mapping[str, Path]) -> Staged:
    """Stage files, by where they come from; their columns are named as the table's, in lower case.

    Raises ValueError for a source whose name is no plain path, or what the connector raises.
    """
    at, total = datetime.now(UTC), 0
    columns = ", ".join(quoted(one) for one in table.all_columns)
    read = ", ".join(f'$1:"{one.lower()}"::{column_type(kind)}' for one, kind in table.columns.items())
    # Not the table's own: from there COPY INTO takes no query. Of another try it is none of our business.
    stage = f"{table.schema}.{plain_name(table, batch)}_{uuid.uuid4().hex[:12].upper()}"
    with connection.cursor() as cursor:
        create_staging(cursor, table, batch, at)
        # It ends with the session, and its files with it.
        cursor.execute(f"CREATE TEMPORARY STAGE {stage}")
        for number, (source, file) in enumerate(files.items()):
            # Each file has a place of its own: it alone is copied from there.
            place = f"@{stage}/{number}"
            cursor.execute(f"PUT 'file://{_plain(str(file))}' {place} AUTO_COMPRESS = FALSE")
            # Values cannot be bound here.
            added = f"'{stored(at).isoformat()}'::TIMESTAMP_NTZ, '{batch.id}', '{_plain(source)}'"
            cursor.execute(
                f"COPY INTO {staging_name(table, batch)} ({columns}) "
                f"FROM (SELECT {read}, {added} FROM {place}/) "
                "FILE_FORMAT = (TYPE = PARQUET) ON_ERROR = ABORT_STATEMENT PURGE = TRUE"
            )
            total += sum(int(row[3]) for row in cursor.fetchall())
    return Staged(table, batch, at, total)


def _plain(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError(f"not a plain path (letters, digits, _ . / = + -): {path!r}")
    return path
