"""Reads what `local.sources.feeds.parquet` writes, from the format's description and not from its code."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any


class Bytes:
    """Thrift's compact protocol, from an offset on."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at

    def byte(self) -> int:
        self.at += 1
        return self.content[self.at - 1]

    def varint(self) -> int:
        byte = self.byte()
        return byte if byte < 0x80 else (byte & 0x7F) | self.varint() << 7

    def number(self) -> int:
        value = self.varint()
        return value >> 1 if value % 2 == 0 else -(value >> 1) - 1

    def value(self, kind: int) -> Any:
        """Of the kinds that occur: numbers, text, list, struct."""
        if kind in (5, 6):
            return self.number()
        if kind == 8:
            size = self.varint()
            self.at += size
            return self.content[self.at - size : self.at].decode()
        if kind == 9:
            head = self.byte()
            size = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(size)]
        return dict(self.fields())

    def fields(self) -> Iterator[tuple[int, Any]]:
        number = 0
        while head := self.byte():
            number += head >> 4
            yield number, self.value(head & 15)


def read(content: bytes) -> list[dict[str, Any]]:
    """The rows."""
    assert content[:4] == content[-4:] == b"PAR1"
    size = struct.unpack("<I", content[-8:-4])[0]
    footer = Bytes(content, len(content) - 8 - size).value(12)
    logical = {element[4]: element.get(6) for element in footer[2][1:]}
    columns: dict[str, list[Any]] = {}
    for chunk in footer[4][0][1]:
        about = chunk[3]
        (name,) = about[3]
        page = Bytes(content, about[9])
        assert page.value(12)[5][1] == about[5] == footer[3]
        columns[name] = list(_values(content, page.at, about[1], about[5]))
        if logical[name] == 6:
            columns[name] = [date(1970, 1, 1) + timedelta(days=days) for days in columns[name]]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(content: bytes, at: int, physical: int, count: int) -> Iterator[Any]:
    for _ in range(count):
        if physical == 6:
            size = struct.unpack_from("<I", content, at)[0]
            yield content[at + 4 : at + 4 + size].decode()
            at += 4 + size
        else:
            yield struct.unpack_from("<i" if physical == 1 else "<q", content, at)[0]
            at += 4 if physical == 1 else 8
