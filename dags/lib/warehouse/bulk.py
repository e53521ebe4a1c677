"""Sends rows into a table as Snowflake wants large sets: compressed files, a stage, COPY INTO.

The stage is the table's own, which ends with the table: files that a killed try has left go when its staging
table goes. Neither memory nor disk grow with the number of rows.
"""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from lib.warehouse.batch import stored
from lib.warehouse.names import quoted

Row = Sequence[object]

# Snowflake loads files of 100 to 250 MB best, compressed, which text is to about a fifth.
FILE_CHARACTERS = 512 * 2**20
CHUNK = 5_000
# An empty field is NULL and a quoted one is text, whatever it says: nothing else stands for NULL or escapes.
FORMAT = (
    "TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE_UNENCLOSED_FIELD = NONE "
    "NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE"
)


class Incomplete(Exception):
    """Snowflake has loaded another number of rows than it was sent."""


def send(cursor, schema: str, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Put rows, their values in the order of `columns`, into a table; returns how many.

    One statement loads them: all or none. Raises TypeError for a value that no column of ours holds,
    Incomplete, or what the connector raises.
    """
    # Another try of the same batch may use the same stage at the same time.
    into, place, sent = quoted(schema, table), f"@{schema}.%{table}/{uuid.uuid4().hex}", 0
    with TemporaryDirectory(prefix="warehouse-") as folder:
        for file, lines in _files(Path(folder), rows):
            cursor.execute(
                f"PUT 'file://{file}' {place} AUTO_COMPRESS = FALSE SOURCE_COMPRESSION = GZIP PARALLEL = 4"
            )
            file.unlink()
            sent += lines
    if sent:
        names = ", ".join(map(quoted, columns))
        cursor.execute(
            f"COPY INTO {into} ({names}) FROM {place}/ FILE_FORMAT = ({FORMAT}) "
            "ON_ERROR = ABORT_STATEMENT PURGE = TRUE"
        )
        _check(cursor, sent)
    return sent


def _check(cursor, sent: int) -> None:
    told = [column[0].lower() for column in cursor.description]
    found = [dict(zip(told, row, strict=True)) for row in cursor.fetchall()]
    loaded = sum(int(file.get("rows_loaded") or 0) for file in found)
    if loaded != sent:
        raise Incomplete(f"{loaded} rows were loaded of {sent} that were sent: {found}")


def _files(folder: Path, rows: Iterable[Row]) -> Iterator[tuple[Path, int]]:
    """Each file when it is full, and how many rows it holds."""
    chunks = _chunks(iter(rows))
    for number, first in zip(count(), chunks, strict=False):
        path, lines, characters = folder / f"{number:05}.csv.gz", 0, 0
        with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
            for chunk in chain([first], chunks):
                text = "".join(map(_line, chunk))
                file.write(text)
                lines, characters = lines + len(chunk), characters + len(text)
                if characters > FILE_CHARACTERS:
                    break
        yield path, lines


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _line(row: Row) -> str:
    return ",".join([(_TEXTS.get(type(value)) or _text_of(value))(value) for value in row]) + "\n"


def _quoted_text(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _moment(value: datetime) -> str:
    return (stored(value) if value.tzinfo else value).isoformat(sep=" ")


_TEXTS: dict[type, Callable[..., str]] = {
    type(None): lambda _: "",
    str: _quoted_text,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: repr,
    Decimal: lambda value: format(value, "f"),
    datetime: _moment,
    date: date.isoformat,
}


def _text_of(value: object) -> Callable[..., str]:
    """Of a subclass, its class's. A bool is an int too, and a datetime a date: the special come first."""
    for kind, text in _TEXTS.items():
        if isinstance(value, kind):
            return text
    raise TypeError(f"no column of the warehouse holds a {type(value).__name__}")
