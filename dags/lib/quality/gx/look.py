"""How a table is looked at: all of it, a part of it, or a sample; and what is measured of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from itertools import count
from typing import Any

from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import QueryAsset, TableAsset

from lib.quality.gx.databases import Databases
from lib.quality.metrics import Measured
from lib.quality.suites import Histogram, Looked

log = logging.getLogger(__name__)

# Added to each range of an earlier histogram, so that an empty one does not make a divergence infinite.
_SMOOTHING = 0.5
_NUMBERS = count(1)


class Look:
    """One table of a suite in one run."""

    def __init__(
        self, name: str, looked: Looked, full_name: str, where: str | None, databases: Databases
    ) -> None:
        self.name, self.looked, self._full_name = name, looked, full_name
        self._unique = f"{name}.{next(_NUMBERS)}"
        self._where, self._databases = where, databases
        self._sample_of = 1
        self.empty = False
        self.missing = ""
        """Why the table cannot be looked at, if so."""

    @property
    def selected(self) -> str:
        """What stands after FROM: the table, or the part of it that is looked at."""
        conditions = [f"({self._where})"] if self._where else []
        if self._sample_of > 1 and self.looked.sample:
            conditions.append(f'MOD("{self.looked.sample.column}", {self._sample_of}) = 0')
        if not conditions:
            return self._full_name
        return f"(SELECT * FROM {self._full_name} WHERE {' AND '.join(conditions)})"

    @cached_property
    def batch(self) -> Batch:
        """What is selected, as Great Expectations knows it. To be asked for after `measure`."""
        source = self._databases.warehouse_source
        asset: TableAsset | QueryAsset
        if self.selected == self._full_name:
            schema, table = self._full_name.replace('"', "").split(".")
            asset = source.add_table_asset(self._unique, table_name=table, schema_name=schema)
        else:
            asset = source.add_query_asset(self._unique, query=self.selected[1:-1])
        return asset.add_batch_definition_whole_table("whole").get_batch()

    def measure(self, needed: Sequence[str]) -> Measured | None:
        """Count rows, nulls among the columns that are needed, and the mean: one query.

        Decides how much of it is looked at. None where the table cannot be looked at.
        """
        nulls = " + ".join(f'COUNT_IF("{column}" IS NULL)' for column in dict.fromkeys(needed)) or "NULL"
        mean = f'AVG("{self.looked.measure}")' if self.looked.measure else "NULL"
        found = self._ask(f"SELECT COUNT(*), {nulls}, {mean} FROM {self.selected} AS looked_at")
        if found is None:  # a column may be missing: a rule will tell
            found = self._ask(f"SELECT COUNT(*), NULL, NULL FROM {self.selected} AS looked_at")
        if found is None:
            self.missing = "the table is not there, or may not be read"
            return None
        rows, empty, average = found
        self.empty = not rows
        if self.looked.sample and rows > self.looked.sample.at_least:
            share = max(self.looked.sample.percent / 100, self.looked.sample.at_least / rows)
            self._sample_of = int(1 / share)
        cells = rows * len(dict.fromkeys(needed))
        return Measured(
            table=self.name,
            row_count=int(rows),
            null_percentage=None if empty is None or not cells else round(100 * float(empty) / cells, 4),
            mean=None if average is None else float(average),
            mean_of=self.looked.measure or "",
        )

    def histogram(self, earlier: Histogram) -> dict[str, Any] | None:
        """How values were distributed earlier, as Great Expectations takes it; None if there were none."""
        counts = [float(count or 0) for count in self._ask(earlier.query) or ()]
        if not sum(counts):
            return None
        smooth = [count + _SMOOTHING for count in counts]
        return {"bins": list(earlier.bins), "weights": [one / sum(smooth) for one in smooth]}

    def _ask(self, query: str) -> tuple[Any, ...] | None:
        try:
            with self._databases.warehouse.cursor() as cursor:
                cursor.execute(query)
                found: tuple[Any, ...] = cursor.fetchone()
                return found
        except Exception as error:
            if getattr(error, "errno", None) is None:
                raise
            log.warning("%s: %s", self.name, error)
            return None
