"""Writes small Parquet files: one row group, no nulls, plain values, no compression.

Exists because one weekly feed is too little for a library of 25 MB or more in every environment, and because
the same rows must be the same bytes whatever is installed. DuckDB and Arrow read what it writes.
https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

_MAGIC = b"PAR1"
_EPOCH = date(1970, 1, 1).toordinal()
_PLAIN, _RLE = 0, 3


class Kind(Enum):
    """What a column holds: the physical type's number, and the logical one's where there is one."""

    INT32 = (1, None)
    DATE = (1, 6)
    INT64 = (2, None)
    STRING = (6, 0)


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


class _Int(int):
    """Thrift's 32-bit number; a plain `int` is the 64-bit one."""


# A struct by field number, in ascending order; None leaves a field out.
Thrift = int | str | Sequence["Thrift"] | Mapping[int, "Thrift | None"]
Struct = Mapping[int, Thrift | None]


def to_parquet(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> bytes:
    """A whole file. Raises struct.error where a number does not fit its column."""
    body = bytearray(_MAGIC)
    chunks: list[Thrift] = []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        page = b"".join(_plain(column.kind, value) for value in values)
        header: Struct = {
            1: _Int(0),
            2: _Int(len(page)),
            3: _Int(len(page)),
            5: {1: _Int(len(rows)), 2: _Int(_PLAIN), 3: _Int(_RLE), 4: _Int(_RLE)},
        }
        offset, head = len(body), _thrift(header)[1]
        body += head + page
        size = len(head) + len(page)
        chunks.append(_chunk(column, len(rows), offset, size))
    group: Struct = {1: chunks, 2: len(body) - len(_MAGIC), 3: len(rows)}
    schema: list[Thrift] = [{4: "schema", 5: _Int(len(columns))}, *map(_element, columns)]
    footer = _thrift({1: _Int(1), 2: schema, 3: len(rows), 4: [group], 6: "finedge"})[1]
    return bytes(body + footer + struct.pack("<I", len(footer)) + _MAGIC)


def _element(column: Column) -> Struct:
    physical, logical = column.kind.value
    return {1: _Int(physical), 3: _Int(0), 4: column.name, 6: None if logical is None else _Int(logical)}


def _chunk(column: Column, count: int, offset: int, size: int) -> Struct:
    about: Struct = {
        1: _Int(column.kind.value[0]),
        2: [_Int(_PLAIN), _Int(_RLE)],
        3: [column.name],
        4: _Int(0),
        5: count,
        6: size,
        7: size,
        9: offset,
    }
    return {2: offset, 3: about}


def _plain(kind: Kind, value: object) -> bytes:
    if isinstance(value, date):
        return struct.pack("<i", value.toordinal() - _EPOCH)
    if isinstance(value, str):
        text = value.encode()
        return struct.pack("<I", len(text)) + text
    return struct.pack("<i" if kind is Kind.INT32 else "<q", value)


def _thrift(value: Thrift) -> tuple[int, bytes]:
    """A value in Thrift's compact protocol: the number of its type, and its bytes."""
    if isinstance(value, int):
        return (5 if isinstance(value, _Int) else 6), _varint(value << 1 if value >= 0 else ~(value << 1))
    if isinstance(value, str):
        text = value.encode()
        return 8, _varint(len(text)) + text
    if isinstance(value, Mapping):
        return 12, _fields(value.items())
    items = [_thrift(item) for item in value]
    kind = items[0][0]
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return 9, head + b"".join(content for _, content in items)


def _fields(fields: Iterable[tuple[int, Thrift | None]]) -> bytes:
    encoded, last = bytearray(), 0
    for number, value in fields:
        if value is not None:
            kind, content = _thrift(value)
            encoded += bytes([(number - last) << 4 | kind]) + content
            last = number
    return bytes(encoded) + b"\0"


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded) + bytes([number])
