"""Checks one suite: each table is a batch of Great Expectations', validated by queries in its own database.

First everything is counted: whatever only counts rows goes into one query per table. Only where a rule does
not hold are a few of the rows that break it asked for, masked before they leave here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import great_expectations as gx
from great_expectations.expectations.expectation import (
    ColumnAggregateExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.registry import get_expectation_impl

import lib.quality.gx.expectations
import lib.quality.gx.personal  # noqa: F401 - both make the platform's own known
from lib.quality.gx.databases import Databases
from lib.quality.gx.look import Look
from lib.quality.masking import masked
from lib.quality.metrics import Measured
from lib.quality.outcome import Finding
from lib.quality.suites import Expectation, Suite, filled, looks_at_source, words
from lib.warehouse.batch import Batch

log = logging.getLogger(__name__)

NOT_NULL = "expect_column_values_to_not_be_null"
_COUNTING = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
_SAMPLE = 10
_ABOUT_WHAT = {"column", "column_A", "column_B", "column_list", "partition_object", "row_condition",
               "condition_parser", "query", "statement", "base_query", "comparison_query", "looked_at",
               "comparison_data_source_name", "key"}  # fmt: skip
Result = Any
"""Great Expectations' result of one expectation."""


@dataclass(frozen=True)
class Shown:
    """Some rows that break a rule, masked: values by column."""

    finding: Finding
    rows: tuple[Mapping[str, str], ...]


class Check:
    """A suite, the tables it is about, and what came of it."""

    def __init__(self, suite: Suite, tables: Mapping[str, str], batch: Batch, databases: Databases) -> None:
        self.suite, self.batch = suite, batch
        self.shown: list[Shown] = []
        self.findings: list[Finding] = []
        self.measured: list[Measured] = []
        self._databases = databases
        self._words = {**words(batch), **tables}
        self._looks = {
            name: Look(name, looked, tables[name], filled(looked.where, self._words), databases)
            for name, looked in suite.meta.tables.items()
        }

    def run(self) -> None:
        """Look at everything; raises only where a database cannot be reached."""
        if looks_at_source(self.suite):
            self._databases.add_source()
        for name, look in self._looks.items():
            asked = [one for one in self.suite.expectations if one.meta.table == name]
            needed = [one.kwargs["column"] for one in asked if one.type == NOT_NULL]
            if (measured := look.measure(needed)) is not None:
                self.measured.append(measured)
            self._look(look, [self._filled(one, look) for one in asked])

    def _filled(self, one: Expectation, look: Look) -> Expectation:
        kwargs = filled(one.kwargs, {**self._words, "batch": look.selected})
        own = {"looked_at": look.selected, "key": list(look.looked.key)}
        fields = get_expectation_impl(one.type).__fields__
        kwargs |= {name: value for name, value in own.items() if name in fields}
        if "partition_object" in kwargs:
            earlier = self.suite.meta.histograms[kwargs["partition_object"]]
            query = filled(earlier.query, self._words)
            kwargs["partition_object"] = look.histogram(earlier.model_copy(update={"query": query}))
        return one.model_copy(update={"kwargs": kwargs})

    def _look(self, look: Look, asked: Sequence[Expectation]) -> None:
        """Count with one query what can be, observe the rest, and show what is wrong with it."""
        if look.missing:
            self.findings += [self._finding(one, None, look.missing) for one in asked]
            return
        counting, observing = [], []
        for one in asked:
            kind = get_expectation_impl(one.type)
            if nothing := self._nothing(look, one):
                self.findings.append(replace(self._finding(one, None), passed=True, observed=nothing))
            elif issubclass(kind, _COUNTING):
                counting.append(one)
            else:
                observing.append(one)
        broken = []
        for one, result in self._validate(look, counting, {"result_format": "BOOLEAN_ONLY"}):
            if result.success:
                self.findings.append(replace(self._finding(one, result), observed="none", failing=0))
            else:
                broken.append(one)
        for one, result in self._validate(look, observing, {"result_format": "BASIC"}):
            self._add(one, result)
        sampled = {
            "result_format": "SUMMARY",
            "unexpected_index_column_names": list(look.looked.key),
            "partial_unexpected_count": _SAMPLE,
        }
        for one, result in self._validate(look, broken, sampled):
            self._add(one, result)

    @staticmethod
    def _nothing(look: Look, one: Expectation) -> str:
        """Why there is nothing to ask, if so: a mean of no rows is no mistake, nor is a first week."""
        if one.kwargs.get("partition_object", ...) is None:
            return "nothing to compare with"
        if look.empty and issubclass(get_expectation_impl(one.type), ColumnAggregateExpectation):
            return "no rows"
        return ""

    def _validate(
        self, look: Look, asked: Sequence[Expectation], result_format: Mapping[str, Any]
    ) -> Iterable[tuple[Expectation, Result]]:
        """Each expectation with its result."""
        if not asked:
            return []
        suite = gx.ExpectationSuite(
            name=self.suite.name,
            expectations=[
                # By its place each result finds back: two may differ in their thresholds alone.
                {"type": one.type, "kwargs": one.kwargs, "meta": {**one.meta.model_dump(), "place": place}}
                for place, one in enumerate(asked)
            ],
        )
        results = look.batch.validate(suite, result_format=dict(result_format)).results
        found = {result.expectation_config.meta["place"]: result for result in results}
        return [(one, found[place]) for place, one in enumerate(asked)]

    def _add(self, one: Expectation, result: Result) -> None:
        finding = self._finding(one, result, _error(result))
        self.findings.append(finding)
        if not finding.passed and (rows := _rows(result)):
            shown = tuple(masked(row) for row in rows[:_SAMPLE])
            self.shown.append(Shown(finding, shown))

    def _finding(self, one: Expectation, result: Result, error: str = "") -> Finding:
        found = (result.result or {}) if result is not None else {}
        counted = found.get("unexpected_count")
        columns = [one.kwargs.get(name) for name in ("column", "column_A", "column_B")]
        return Finding(
            suite=self.suite.name,
            table=one.meta.table,
            rule=one.meta.rule,
            expectation=one.type,
            column=", ".join(filter(None, [*columns, *one.kwargs.get("column_list", ())])),
            severity=one.meta.severity,
            owner=one.meta.owner,
            passed=bool(result is not None and result.success and not error),
            observed=_observed(found),
            threshold=_threshold(one.kwargs),
            failing=None if counted is None else int(counted),
            error=error,
        )


def _observed(found: Mapping[str, Any]) -> str:
    if "observed_value" in found:
        value = "" if found["observed_value"] is None else found["observed_value"]
        return f"{value:.6g}" if isinstance(value, float) else _short(value)
    if found.get("unexpected_count") is not None:
        return f"{int(found['unexpected_count'])} of {found.get('element_count')}"
    return ""


def _threshold(kwargs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_short(value)}" for name, value in kwargs.items() if name not in _ABOUT_WHAT)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 300 else text[:297] + "..."


def _error(result: Result) -> str:
    """What kept it from being looked at: one line, without a statement and its values."""
    info = result.exception_info or {}
    each = [info] if "raised_exception" in info else list(info.values())
    for one in each:
        if one.get("raised_exception"):
            log.warning("%s", one.get("exception_message"))
            return str(one.get("exception_message") or "").splitlines()[0][:300]
    return ""


def _rows(result: Result) -> list[Mapping[str, Any]]:
    found = result.result or {}
    details = (found.get("details") or {}).get("rows")
    if details:
        return list(details)
    if listed := found.get("partial_unexpected_index_list"):
        return [dict(row) for row in listed]
    column = result.expectation_config.kwargs.get("column", "value")
    return [{column: value} for value in found.get("partial_unexpected_list") or ()]
