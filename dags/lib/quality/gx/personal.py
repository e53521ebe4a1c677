"""An expectation that looks for personal data in texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.quality.detecting import PATTERNS, kinds_in
from lib.quality.gx.expectations import ExpectQueryToReturnNoRows, column, columns

_CANDIDATES = 100_000
"""So many are looked at. Where there are more the rule does not hold, for the rest would never be."""


class ExpectNoPersonalData(ExpectQueryToReturnNoRows):
    """No text of a column holds personal data. The warehouse finds candidates; check digits decide."""

    column: str
    key: list[str]

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        text = column(values["column"])
        found = " OR ".join(f"REGEXP_COUNT({text}, '{pattern}') > 0" for pattern in PATTERNS.values())
        return (
            f"SELECT {columns([*values['key'], values['column']])} FROM {values['looked_at']} AS looked_at "
            f"WHERE {text} IS NOT NULL AND ({found}) LIMIT {_CANDIDATES + 1}"
        )

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        rows = [{name.upper(): value for name, value in dict(row).items()} for row in metrics["query.asked"]]
        told = [{**row, "HOLDS": ", ".join(kinds_in(row[self.column.upper()]))} for row in rows]
        found = [row for row in told if row["HOLDS"]]
        whole = len(rows) <= _CANDIDATES
        observed = len(found) if whole else f"{len(found)}, and not all was looked at"
        result = {"observed_value": observed, "unexpected_count": len(found), "details": {"rows": found}}
        return {"success": whole and not found, "result": result}
