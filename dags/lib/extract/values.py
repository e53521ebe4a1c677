"""Makes values of texts, as a column of the warehouse wants them. JSON's own numbers are taken too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Maker = Callable[[Any], object]
_WHOLE = re.compile(r"NUMBER\(\d+(, ?0)?\)")
_SCALED = re.compile(r"NUMBER\(\d+, ?(\d+)\)")


class BadValue(ValueError):
    """A value that is not of its column's type. Its text is not in the message: it may be a person's."""


def maker(column: str, kind: str) -> Maker:
    """What makes values for a column of a type; an empty text is none. The maker raises BadValue."""
    convert = _convert(kind)

    def make(value: Any) -> object:
        if value is None or value == "":
            return None
        try:
            return convert(value)
        except (ValueError, TypeError, InvalidOperation) as error:
            raise BadValue(f"column {column} holds what is no {kind}") from error

    return make


def _convert(kind: str) -> Maker:
    if _WHOLE.fullmatch(kind):
        return _integer
    if scaled := _SCALED.fullmatch(kind):
        return _scaled(int(scaled[1]))
    makers: dict[str, Maker] = {"NUMBER": _decimal, "DATE": _date, "TIMESTAMP_NTZ": _moment, "VARCHAR": _text}
    try:
        return makers[kind.partition("(")[0]]
    except KeyError:
        raise ValueError(f"files have no columns of type {kind}") from None


def _integer(value: Any) -> int:
    if type(value) in (int, str):
        return int(value)
    number = _decimal(value)
    if number != int(number):
        raise ValueError("not a whole number")
    return int(number)


def _decimal(value: Any) -> Decimal:
    # A float has lost what it was written as.
    number = Decimal(value if isinstance(value, (str, int)) else str(value))
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError("not a number")
    return number


def _scaled(scale: int) -> Maker:
    def make(value: Any) -> Decimal:
        number = _decimal(value)
        # The warehouse would round it without a word.
        if number != round(number, scale):
            raise ValueError("more decimals than its column has")
        return number

    return make


def _date(value: str) -> date:
    return date.fromisoformat(value)


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError("not a text")
    return str(value)
