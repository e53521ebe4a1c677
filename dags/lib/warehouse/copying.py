"""Sends many rows, or whole files: PUT into the stage of the staging table, then COPY INTO the table.

For `stage`, in place of `insert_rows`. Memory is bounded by a row, the disk by one file.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, count
from pathlib import Path

from lib.warehouse.batch import Batch, stored
from lib.warehouse.names import column_type, quoted
from lib.warehouse.staging import Row, Staged, create_staging
from lib.warehouse.tables import Table

# Compressed, about what Snowflake likes best: 100 to 250 MB.
_FILE_CHARACTERS = 1_000_000_000
# A text that is exactly this would become NULL; an empty text stays one.
_NULL = r"\N"
_CSV = (
    r"""TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = ('\\N') EMPTY_FIELD_AS_NULL = FALSE """
    "ESCAPE_UNENCLOSED_FIELD = NONE COMPRESSION = GZIP"
)
_PATH = re.compile(r"[A-Za-z0-9_./=+-]+")


class NotAllArrived(Exception):
    """The warehouse took another number of rows than it was sent."""


def copy_rows(cursor, name: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Send rows as compressed CSV; how many. Raises NotAllArrived, or what the connector raises."""
    total, remaining = 0, iter(rows)
    with tempfile.TemporaryDirectory(prefix="copy-") as folder:
        for number in count():
            first = next(remaining, None)
            if first is None:
                return total
            file = Path(folder) / f"rows-{number}.csv.gz"
            sent = _write(file, chain([first], remaining))
            _put(cursor, name, file)
            _all_arrived(cursor, f"COPY INTO {name} ({', '.join(columns)}) FROM {_stage(name)}", _CSV, sent)
            total += sent
    raise AssertionError("numbers do not end")


def stage_parquet(connection, table: Table, batch: Batch, files: Mapping[str, Path]) -> Staged:
    """Stage Parquet files, by where they come from; their columns are named as the table's, in lower case.

    Raises ValueError for a source whose name is no plain path, or what the connector raises.
    """
    at, total = datetime.now(UTC), 0
    columns = ", ".join(quoted(one) for one in table.all_columns)
    read = ", ".join(f'$1:"{one.lower()}"::{column_type(kind)}' for one, kind in table.columns.items())
    with connection.cursor() as cursor:
        name = create_staging(cursor, table, batch, at)
        for source, file in files.items():
            _put(cursor, name, file)
            added = f"'{stored(at).isoformat()}'::TIMESTAMP_NTZ, '{batch.id}', '{_plain(source)}'"
            query = f"SELECT {read}, {added} FROM {_stage(name)}"
            total += _copied(cursor, f"COPY INTO {name} ({columns}) FROM ({query})", "TYPE = PARQUET")
    return Staged(table, batch, at, total)


def _stage(name: str) -> str:
    """Of a table, whose name is quoted: each table has one, which ends with it."""
    schema, table = name.replace('"', "").split(".")
    return f"@{schema}.%{table}"


def _put(cursor, name: str, file: Path) -> None:
    cursor.execute(f"PUT 'file://{_plain(str(file))}' {_stage(name)} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")


def _copied(cursor, statement: str, file_format: str) -> int:
    # PURGE: what is copied must not be copied again with the next file.
    cursor.execute(f"{statement} FILE_FORMAT = ({file_format}) PURGE = TRUE")
    return sum(int(row[3]) for row in cursor.fetchall())


def _all_arrived(cursor, statement: str, file_format: str, sent: int) -> None:
    loaded = _copied(cursor, statement, file_format)
    if loaded != sent:
        raise NotAllArrived(f"{sent} rows were sent, {loaded} arrived")


def _write(file: Path, rows: Iterator[Row]) -> int:
    """Write rows until the file is large enough; how many."""
    number = characters = 0
    with gzip.open(file, "wt", compresslevel=1, encoding="utf-8", newline="") as text:
        for row in rows:
            characters += text.write(",".join(map(_field, row)) + "\n")
            number += 1
            if characters >= _FILE_CHARACTERS:
                break
    return number


def _field(value: object) -> str:
    match value:
        case None:
            text = _NULL
        case str():
            text = f'"{value.replace(chr(34), chr(34) * 2)}"'
        case datetime():
            text = (stored(value) if value.tzinfo else value).isoformat()
        case date():
            text = value.isoformat()
        case Decimal():
            text = format(value, "f")
        case _:
            text = str(value)
    return text


def _plain(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError(f"not a plain path (letters, digits, _ . / = + -): {path!r}")
    return path
