"""What the warehouse tells: rows and tests of each run, and what its tables hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lib.warehouse.names import PASSING

from local.platform.connections import warehouse_database
from local.stack_info import StackInfo

SCHEMAS = ("RAW_CORE", "RAW_LEDGER", "RAW_FILES", "RAW_MARKET", "MARTS", "ML")
CHANGING = ("_INGESTED_AT", "LOADED_AT", "FEATURE_COMPUTED_AT", "RAISED_AT")
"""Columns that say when a row was written: these differ from one execution to the next."""


@dataclass(frozen=True)
class Counted:
    """What a run has recorded of itself."""

    rows_in: int
    rows_out: int
    passed: int
    warned: int
    failed: int


@dataclass(frozen=True)
class Contents:
    """A table's rows: how many, and a sum over all of their values, whatever their order."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class WarehouseReader:
    """Asks one database. `connection`: of snowflake.connector."""

    connection: Any

    @staticmethod
    @contextmanager
    def of(info: StackInfo, environment: str) -> Iterator[WarehouseReader]:
        """For as long as the context lasts."""
        import snowflake.connector

        place = {**info.warehouse, "database": warehouse_database(environment), "schema": "OPS"}
        connection = snowflake.connector.connect(**place)
        try:
            yield WarehouseReader(connection)
        finally:
            connection.close()

    def counted(self) -> dict[tuple[str, str], Counted]:
        """By DAG id and run id. Nothing where no run has recorded anything yet."""
        if not self._ask("SELECT 1 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'PIPELINE_RUN'"):
            return {}
        columns = "ROWS_IN, ROWS_OUT, PASSED, WARNED, FAILED"
        found = self._ask(f"SELECT DAG_ID, RUN_ID, {columns} FROM OPS.PIPELINE_RUN")
        return {(dag, run): Counted(*(int(value or 0) for value in values)) for dag, run, *values in found}

    def contents(self) -> dict[str, Contents]:
        """Of each table of the raw and published schemas, by its name with its schema."""
        return {name: self._contents(name, columns) for name, columns in self._tables().items()}

    def _tables(self) -> dict[str, dict[str, str]]:
        """Columns with their types, but for the changing ones, by table."""
        schemas, changing = (", ".join(f"'{name}'" for name in names) for names in (SCHEMAS, CHANGING))
        kept = " ".join(f"AND POSITION('{part}' IN UPPER(c.TABLE_NAME)) = 0" for part in PASSING)
        found = self._ask(
            "SELECT c.TABLE_SCHEMA || '.' || c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE "
            "FROM INFORMATION_SCHEMA.COLUMNS c JOIN INFORMATION_SCHEMA.TABLES t "
            "ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME "
            f"WHERE c.TABLE_SCHEMA IN ({schemas}) AND t.TABLE_TYPE = 'BASE TABLE' "
            f"AND NOT c.COLUMN_NAME IN ({changing}) {kept} ORDER BY 1, c.ORDINAL_POSITION"
        )
        tables: dict[str, dict[str, str]] = {}
        for table, column, kind in found:
            tables.setdefault(table, {})[column] = kind
        return tables

    def _contents(self, table: str, columns: Mapping[str, str]) -> Contents:
        # HASH gives other numbers on Snowflake than here, but as surely other ones for other rows.
        values = ", ".join(_text(name, kind) for name, kind in columns.items())
        # Small enough for a sum of them to be exact even as a float.
        row = f"MOD(HASH({values}), 1000000007)"
        schema, _, name = table.partition(".")
        query = f'SELECT COUNT(*), CAST(SUM({row}) AS VARCHAR) FROM "{schema}"."{name}"'
        ((rows, total),) = self._ask(query)
        return Contents(int(rows), f"{int(float(total or 0)):x}")

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(query).fetchall()
            return rows


def _text(column: str, kind: str) -> str:
    # The last digits of a sum of floats depend on the order in which it was made.
    value = f'ROUND("{column}", 6)' if kind.upper() in ("FLOAT", "DOUBLE", "REAL") else f'"{column}"'
    return f"CAST({value} AS VARCHAR)"
