"""Texts and JSON's numbers become what a column holds, or are refused: nothing is made of them silently."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lib.extract.values import BadValue, maker


@pytest.mark.parametrize(
    ("kind", "value", "made"),
    [
        ("NUMBER(38, 0)", "12", 12),
        ("NUMBER(38, 0)", 12, 12),
        ("NUMBER(38, 0)", Decimal("12.0"), 12),
        ("NUMBER(38, 0)", "9" * 30, int("9" * 30)),
        ("NUMBER(18, 2)", "1.10", Decimal("1.10")),
        ("NUMBER(18, 2)", Decimal("1.1"), Decimal("1.1")),
        ("NUMBER(18, 2)", "1.100", Decimal("1.10")),
        ("NUMBER(18, 2)", "", None),
    ],
)
def test_a_number_stays_what_it_was(kind: str, value: Any, made: object) -> None:
    assert maker("amount", kind)(value) == made


@pytest.mark.parametrize("value", [Decimal("5.7"), "5.7", True, float("inf"), float("nan"), "NaN", [5]])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(BadValue, match=r"column key holds what is no NUMBER\(38, 0\)"):
        maker("key", "NUMBER(38, 0)")(value)


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", float("inf"), True, {}, "1.005", Decimal("0.001"), 1.999]
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(BadValue):
        maker("amount", "NUMBER(18, 2)")(value)
