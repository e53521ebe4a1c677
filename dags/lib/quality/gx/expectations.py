"""The platform's own expectations: each asks one question in SQL, and fetches no rows but samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from great_expectations.compatibility.pydantic import root_validator
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.query_metrics.query_table.query_table import QueryTable

SAMPLE = 10


def column(name: str) -> str:
    """As it stands in a query."""
    return f'"{name}"'


def columns(names: Iterable[str]) -> str:
    return ", ".join(map(column, names))


def total(names: Iterable[str]) -> str:
    """The sum of columns of one row, an empty one counting as nothing."""
    return " + ".join(f"COALESCE({column(name)}, 0)" for name in names) or "0"


def summed(name: str) -> str:
    """A column's sum within a group. Rounded: where a sum is a floating-point number, its end is noise."""
    return f"CAST(COALESCE(SUM({column(name)}), 0) AS NUMBER(38, 4))"


class AskedStatement(QueryTable):
    """The rows of a statement that an expectation has written."""

    metric_name = "query.asked"
    value_keys = ("statement",)
    query_param_name: ClassVar[str] = "statement"

    @classmethod
    def _get_sqlalchemy_records_from_substituted_batch_subquery(
        cls,
        substituted_batch_subquery: str,
        execution_engine: Any,
        fetch_all: bool = True,  # noqa: ARG003
    ) -> list[dict[str, Any]]:
        # Great Expectations would leave out all but the first 200; statements have limits of their own.
        return super()._get_sqlalchemy_records_from_substituted_batch_subquery(
            substituted_batch_subquery, execution_engine, fetch_all=True
        )


class _Asked(BatchExpectation):
    """An expectation about what one statement returns, which is made from its other arguments.

    `looked_at` is what stands after FROM for the table that is looked at.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.asked",)
    success_keys: ClassVar[tuple[str, ...]] = ("statement",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    looked_at: str
    statement: str = ""

    @root_validator(pre=True)
    def _write(cls, values: dict[str, Any]) -> dict[str, Any]:
        # Braces would be places to fill.
        return {**values, "statement": cls.written(values).replace("{", "{{").replace("}", "}}")}

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        """The statement."""
        raise NotImplementedError


class ExpectQueryValueToBeBetween(_Asked):
    """A query's only value lies between two others. NULL means that there is nothing to compare with."""

    success_keys: ClassVar[tuple[str, ...]] = ("statement", "min_value", "max_value")
    query: str
    min_value: float | None = None
    max_value: float | None = None

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        return str(values["query"])

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        (row,) = metrics["query.asked"]
        (value,) = dict(row).values()
        if value is None:
            return {"success": True, "result": {"observed_value": "nothing to compare with"}}
        number = float(value)
        low = self.min_value is None or number >= self.min_value
        high = self.max_value is None or number <= self.max_value
        return {"success": low and high, "result": {"observed_value": number}}


class ExpectQueryToReturnNoRows(_Asked):
    """No row comes back of a query for those that break a rule."""

    query: str = ""

    @staticmethod
    def limited(query: str) -> str:
        """All rows are counted, a few are returned."""
        return (
            f"SELECT broken.*, COUNT(*) OVER () AS FAILING_ROWS FROM ({query}) AS broken "
            f"ORDER BY 1 LIMIT {SAMPLE}"
        )

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        return cls.limited(str(values["query"]))

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        rows = [{name.upper(): value for name, value in dict(row).items()} for row in metrics["query.asked"]]
        counts = [int(row.pop("FAILING_ROWS")) for row in rows]
        found = {"observed_value": max(counts, default=0), "unexpected_count": max(counts, default=0)}
        return {"success": not rows, "result": {**found, "details": {"rows": rows}}}


class ExpectKeyToBeUnique(ExpectQueryToReturnNoRows):
    """No two rows have the same values in all of some columns. Rows without one of them are left out.

    For keys of several columns: Great Expectations' own does not find Snowflake's names in capitals.
    """

    column_list: list[str]

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        key = columns(values["column_list"])
        known = " AND ".join(f"{column(name)} IS NOT NULL" for name in values["column_list"])
        return cls.limited(
            f"SELECT {key}, COUNT(*) AS TIMES FROM {values['looked_at']} AS looked_at "
            f"WHERE {known} GROUP BY {key} HAVING COUNT(*) > 1"
        )


class ExpectGroupSumsToBeEqual(ExpectQueryToReturnNoRows):
    """Within each group of rows, two columns add up to the same: debits and credits of an entry."""

    group_by: list[str]
    column_A: str
    column_B: str

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        group = columns(values["group_by"])
        sums = [summed(values[name]) for name in ("column_A", "column_B")]
        # Names of their own: in HAVING, a column's name would stand for its sum.
        return cls.limited(
            f"SELECT {group}, {sums[0]} AS SUM_A, {sums[1]} AS SUM_B "
            f"FROM {values['looked_at']} AS looked_at GROUP BY {group} HAVING {sums[0]} <> {sums[1]}"
        )


class ExpectOpeningPlusSumToEqualClosing(ExpectQueryToReturnNoRows):
    """A statement's opening balance and its amounts make its closing balance, which all its rows repeat."""

    group_by: list[str]
    opening: str
    amount: str
    closing: str

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        group = columns(values["group_by"])
        opening, closing = column(values["opening"]), column(values["closing"])
        moved = summed(values["amount"])
        return cls.limited(
            f"SELECT {group}, MAX({opening}) AS OPENING, {moved} AS MOVED, MAX({closing}) AS CLOSING "
            f"FROM {values['looked_at']} AS looked_at GROUP BY {group} "
            f"HAVING MAX({opening}) + {moved} <> MAX({closing}) "
            f"OR MIN({opening}) <> MAX({opening}) OR MIN({closing}) <> MAX({closing})"
        )


class ExpectColumnsToAddUp(ExpectQueryToReturnNoRows):
    """In each row a column is the sum of some, less that of others. Rows without one of them are left out."""

    key: list[str]
    column: str
    plus: list[str]
    minus: list[str] = []

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        parts = [values["column"], *values["plus"], *values.get("minus", [])]
        known = " AND ".join(f"{column(name)} IS NOT NULL" for name in parts)
        right = f"{total(values['plus'])} - ({total(values.get('minus', []))})"
        return cls.limited(
            f"SELECT {columns([*values['key'], *parts])} FROM {values['looked_at']} AS looked_at "
            f"WHERE {known} AND {column(values['column'])} <> {right}"
        )
