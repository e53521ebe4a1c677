"""Files as rows: CSV with or without a trailer, one JSON document, JSON lines. Each is read as a stream."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from lib.extract.broken import RuleBroken

Cells = Mapping[str, Any]
_MAX_DOCUMENT = 256 * 1024 * 1024


def csv_rows(stream: IO[bytes], columns: Sequence[str], trailer: tuple[str, str] | None) -> Iterator[Cells]:
    """Rows by column. `trailer`: the mark of the last row, and the column that it adds up.

    Raises RuleBroken where the first row names other columns, or the trailer is not there or not true.
    """
    text = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", newline="")
    lines = csv.reader(text, strict=True)
    header = next(lines, [])
    if header != list(columns):
        raise RuleBroken("columns_match", f"expected {','.join(columns)}; found {','.join(header)}")
    last: list[str] | None = None
    count, total = 0, Decimal(0)
    for line in lines:
        if last is not None:
            raise RuleBroken("trailer_count", f"rows after the trailer, from line {lines.line_num} on")
        if trailer and line[:1] == [trailer[0]]:
            last = line
            continue
        if len(line) != len(columns):
            raise RuleBroken("columns_match", f"line {lines.line_num} has {len(line)} cells")
        row = dict(zip(columns, line, strict=True))
        count += 1
        if trailer:
            total += _number(row[trailer[1]], lines.line_num)
        yield row
    if trailer:
        _compare(last, count, total)


def json_rows(stream: IO[bytes], rows: str) -> Iterator[Cells]:
    """Rows of a document, each with the document's other values. A key that is missing is an empty cell."""
    body = io.BufferedReader(stream).read(_MAX_DOCUMENT + 1)
    if len(body) > _MAX_DOCUMENT:
        raise RuleBroken(
            "file_size", f"a document of more than {_MAX_DOCUMENT >> 20} MB: expected JSON lines"
        )
    document = json.loads(body, parse_float=Decimal)
    shared = {name: value for name, value in document.items() if name != rows}
    for row in document[rows]:
        yield {**shared, **row}


def json_lines(stream: IO[bytes], *, zipped: bool) -> Iterator[Cells]:
    """A row per line."""
    plain: Any = gzip.GzipFile(fileobj=stream) if zipped else io.BufferedReader(stream)
    for line in plain:
        if line.strip():
            yield json.loads(line, parse_float=Decimal)


def _compare(trailer: list[str] | None, count: int, total: Decimal) -> None:
    if trailer is None or len(trailer) != 3:
        raise RuleBroken("trailer_count", "the file does not end with a trailer of three cells")
    if trailer[1] != str(count):
        raise RuleBroken("trailer_count", f"the trailer counts {trailer[1]} rows, the file has {count}")
    if _number(trailer[2], 0) != total:
        raise RuleBroken("trailer_total", f"the trailer says {trailer[2]}, the rows add up to {total}")


def _number(text: str, line: int) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise RuleBroken("trailer_total", f"line {line} has an amount that is no number") from error
