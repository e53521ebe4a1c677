"""Names are compared as people write them: in any alphabet, with or without marks between the letters."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
import snowflake.connector

from local.environments import ROOT
from local.warehouse import Warehouse

MACRO = (ROOT / "dbt" / "macros" / "comparable_name.sql").read_text()


@pytest.fixture(scope="module")
def query() -> str:
    """Of two names, each as it is compared."""
    (body,) = re.findall(r"\(column\) -%\}(.*)\{%- endmacro", MACRO, re.S)
    one = body.replace("{{ column }}", "?").strip()
    return f"SELECT {one}, {one}"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Anne-Marie O'Neill", "ANNE MARIE ONEILL", True),
        ("Anne\u2013Marie O\u2019Neill", "Anne Marie O'Neill", True),
        ("Müller", "MÜLLER", True),
        ("Анна Иванова", "АННА ИВАНОВА", True),
        # Without their letters, all of these would be the same.
        ("Анна Иванова", "王偉", False),
        ("Łukasz Żak", "Ćukasz Śak", False),
    ],
)
def test_names_are_the_same_by_their_letters(
    warehouse: Warehouse, query: str, one: str, other: str, same: bool
) -> None:
    with closing(
        snowflake.connector.connect(**warehouse.login, database="NAMES", paramstyle="qmark")
    ) as connection:
        left, right = connection.cursor().execute(query, (one, other)).fetchone()
    assert left
    assert (left == right) is same
