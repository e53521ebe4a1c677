"""An expectation that looks for personal data in texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.quality.detecting import PATTERNS, kinds_in
from lib.quality.gx.expectations import ExpectQueryToReturnNoRows, column, columns

_CANDIDATES = 1000


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
            f"WHERE {text} IS NOT NULL AND ({found}) ORDER BY 1 LIMIT {_CANDIDATES}"
        )

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        rows = [{name.upper(): value for name, value in dict(row).items()} for row in metrics["query.asked"]]
        told = [{**row, "HOLDS": ", ".join(kinds_in(row[self.column.upper()]))} for row in rows]
        found = [row for row in told if row["HOLDS"]]
        observed = {"observed_value": len(found), "unexpected_count": len(found)}
        return {"success": not found, "result": {**observed, "details": {"rows": found}}}
