"""The platform's own expectations: each asks one question in SQL, and fetches no rows but samples."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import BatchExpectation


class _Asked(BatchExpectation):
    """An expectation about what a query of its own returns. The query is made from the other arguments."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.table",)
    success_keys: ClassVar[tuple[str, ...]] = ("query",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    query: str

    @pydantic.validator("query")
    def _braces_are_literal(cls, query: str) -> str:
        return query.replace("{", "{{").replace("}", "}}")


class ExpectQueryToReturnNoRows(_Asked):
    """No row comes back. The query adds a column FAILING, COUNT(*) OVER (), and limits itself."""

    def _validate(self, metrics: dict[str, Any], **_: Any) -> dict[str, Any]:
        rows = [dict(row) for row in metrics["query.table"]]
        count = max(
            (int(row.pop("FAILING", None) or row.pop("failing", len(rows))) for row in rows), default=0
        )
        return {
            "success": not rows,
            "result": {"observed_value": count, "unexpected_count": count, "details": {"rows": rows}},
        }
