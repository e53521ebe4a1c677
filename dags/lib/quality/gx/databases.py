"""The databases that a checkpoint looks at, as Great Expectations' data sources."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Literal
from urllib.parse import quote

import great_expectations as gx
import snowflake.sqlalchemy  # noqa: F401 - the dialect of the warehouse
import sqlalchemy
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.pool import StaticPool

from lib.quality.suites import SOURCE
from lib.warehouse.connecting import from_airflow


class Session:
    """A connection that all share, in which nothing is ever left open: signing in costs more than asking."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def rollback(self) -> None:
        """Each statement commits by itself: there is nothing to undo, and no need to ask over the network."""

    commit = close = rollback

    def autocommit(self, _: bool) -> None:
        """It stays on."""


class WarehouseDatasource(SQLDatasource):
    """The warehouse, asked through a session that is there already."""

    type: Literal["warehouse"] = "warehouse"  # type: ignore[assignment]
    connection_string: str = "snowflake://"

    def use(self, session: Session) -> None:
        """Ask through this one from now on."""
        self._engine = sqlalchemy.create_engine(
            self.connection_string, creator=lambda: session, poolclass=StaticPool
        )
        self._execution_engine = SqlAlchemyExecutionEngine(engine=self._engine, create_temp_table=False)

    def get_engine(self) -> sqlalchemy.Engine:
        assert self._engine is not None
        return self._engine

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        assert isinstance(self._execution_engine, SqlAlchemyExecutionEngine)
        return self._execution_engine

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing to try: the session is there."""


class Databases:
    """A data context that lives as long as the job, and a data source for each system, made when needed."""

    def __init__(self, connections: Mapping[str, Mapping[str, Any]], tag: str) -> None:
        self._connections, self._tag = connections, tag
        warnings.filterwarnings("ignore", module="great_expectations")
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]

    @cached_property
    def warehouse(self) -> Any:
        """A connection to the warehouse; values are written as %s or %(name)s, as SQLAlchemy does."""
        one = self._connections["warehouse"]
        return from_airflow(SimpleNamespace(**one, extra_dejson=one["extra"]), self._tag, "pyformat")

    @cached_property
    def warehouse_source(self) -> WarehouseDatasource:
        """The warehouse as a data source."""
        made: WarehouseDatasource = self.context.data_sources.add_warehouse("warehouse")  # type: ignore[attr-defined]
        made.use(Session(self.warehouse))
        return made

    def add_source(self) -> None:
        """Make the source database known. Raises KeyError where its connection was not given."""
        with suppress(KeyError):
            self.context.data_sources.get(SOURCE)
            return
        self.context.data_sources.add_postgres(
            SOURCE, connection_string=postgres_url(self._connections[SOURCE])
        )

    def close(self) -> None:
        """End the session."""
        if "warehouse" in self.__dict__:
            self.warehouse.close()


def postgres_url(connection: Mapping[str, Any]) -> str:
    """A session that only reads, in UTC, and gives up on a query after five minutes."""
    user, password = (quote(str(connection[name] or ""), safe="") for name in ("login", "password"))
    options = quote("-c timezone=UTC -c default_transaction_read_only=on -c statement_timeout=300s")
    return (
        f"postgresql+psycopg2://{user}:{password}@{connection['host']}:{connection['port'] or 5432}"
        f"/{connection['schema']}?options={options}"
    )
