"""What lies in the databases of the pipeline `films_elt`."""

from __future__ import annotations

from collections.abc import Mapping

from local.demo.checks.check import Judgement
from local.demo.outside import Outside


def rows(outside: Outside, expected: Mapping[str, int]) -> Judgement:
    """The destination holds as many rows per table as expected, and some. Counts all of them."""
    found = outside.films()
    wrong = [f"{table}: {found.get(table)} rows, not {count}" for table, count in expected.items()
             if found.get(table) != count]  # fmt: skip
    held = not wrong and sum(expected.values()) > 0
    return Judgement(
        held, sum(found.get(table, 0) for table in expected), "; ".join(wrong) or "no rows at all"
    )
