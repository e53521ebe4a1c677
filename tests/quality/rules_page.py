"""The table of rules in docs/platform/quality.md: `python -m tests.quality.rules_page` writes it anew."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lib.quality.suites import Expectation, Suite, names, read

from tests.quality.conftest import ROOT

PAGE = ROOT / "docs" / "platform" / "quality.md"
BEGIN, END = "<!-- rules: written by tests.quality.rules_page -->", "<!-- end of rules -->"
# What an expectation is about, and queries, which are long: the suite has them.
_LEFT_OUT = {"column", "column_A", "column_B", "column_list", "query", "base_query", "comparison_query",
             "comparison_data_source_name", "row_condition", "condition_parser", "group_by"}  # fmt: skip


def table() -> str:
    """All rules, by suite."""
    return "\n\n".join("\n".join(_suite(read(name))) for name in names())


def _suite(suite: Suite) -> Iterator[str]:
    yield f"### {suite.name}"
    yield f"{suite.meta.about}\n"
    yield "| Rule | Of | Expected | Severity | Owner | Why |"
    yield "|---|---|---|---|---|---|"
    for one in suite.expectations:
        said = one.meta
        of = f"`{said.table}{_column(one)}`"
        cells = (said.rule, of, _expected(one), said.severity, said.owner, said.reason)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _column(one: Expectation) -> str:
    parts = [one.kwargs.get(name) for name in ("column", "column_A", "column_B")]
    found = [*filter(None, parts), *one.kwargs.get("column_list", ())]
    return f".{', '.join(found)}" if found else ""


def _expected(one: Expectation) -> str:
    what = one.type.removeprefix("expect_").removeprefix("column_values_to_").replace("_", " ")
    given = (f"{name} {_short(value)}" for name, value in one.kwargs.items() if name not in _LEFT_OUT)
    return f"{what} {', '.join(given)}".strip()


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`" if len(text) <= 120 else f"`{text[:117]}...`"


def parts() -> tuple[str, str, str]:
    """The page before the table, the table as it is there, and the page after it."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    there, _, after = rest.partition(END)
    return before, there.strip(), after


if __name__ == "__main__":
    before, _, after = parts()
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")
