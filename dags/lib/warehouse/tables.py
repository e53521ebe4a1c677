"""What a raw table is: its columns, its key, and how a batch's rows get into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lib.warehouse.names import column_type, quoted

INGESTED_AT, BATCH_ID, SOURCE_FILE = "_INGESTED_AT", "_BATCH_ID", "_SOURCE_FILE"
ADDED = {INGESTED_AT: "TIMESTAMP_NTZ", BATCH_ID: "VARCHAR", SOURCE_FILE: "VARCHAR"}


@dataclass(frozen=True)
class Merge:
    """Rows replace those of the same key, unless they are older.

    `version`: a column that grows with each change of a row. Of equal versions, and without such a column,
    the row of the later data interval wins: an old interval that is run again takes nothing back.
    """

    version: str | None = None


@dataclass(frozen=True)
class ReplaceInterval:
    """All rows whose `column` (a date or a timestamp in UTC) lies in the data interval are replaced."""

    column: str


@dataclass(frozen=True)
class ReplaceAll:
    """The table holds the latest data interval's rows alone; to run an earlier one changes nothing."""


How = Merge | ReplaceInterval | ReplaceAll


@dataclass(frozen=True)
class Table:
    """A raw table. `columns`: type by name; `key`: the columns that tell rows apart."""

    schema: str
    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    how: How

    def __post_init__(self) -> None:
        special = {getattr(self.how, name, None) for name in ("version", "column")}
        used = {*self.key, *special} - {None}
        if not self.key or not used <= set(self.columns) or set(ADDED) & set(self.columns):
            raise ValueError(f"{self.schema}.{self.name}: key, version and interval have to be own columns")
        quoted(*self.columns)

    @property
    def full_name(self) -> str:
        return quoted(self.schema, self.name)

    @property
    def logical_name(self) -> str:
        """As suites and results call it: `schema.table`."""
        return f"{self.schema}.{self.name}".lower()

    @property
    def all_columns(self) -> dict[str, str]:
        return {**self.columns, **ADDED}

    @property
    def column_list(self) -> str:
        return ", ".join(quoted(name) for name in self.all_columns)

    def creation(self) -> str:
        """Makes the table unless it is there."""
        must = {*self.key, *ADDED} - {SOURCE_FILE}
        columns = [
            f"{quoted(name)} {column_type(kind)}{' NOT NULL' if name in must else ''}"
            for name, kind in self.all_columns.items()
        ]
        return f"CREATE TABLE IF NOT EXISTS {self.full_name} ({', '.join(columns)})"
