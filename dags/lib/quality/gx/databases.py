"""The databases that a checkpoint looks at, as Great Expectations' data sources."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import great_expectations as gx
import snowflake.sqlalchemy  # noqa: F401 - the dialect of the warehouse
from great_expectations.datasource.fluent import SQLDatasource
from sqlalchemy.pool import StaticPool

from lib.warehouse.connecting import from_airflow


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

    def source_of(self, system: str) -> SQLDatasource:
        """The data source for "warehouse" or "source". Raises KeyError where its connection was not given."""
        with suppress(KeyError):
            return self.context.data_sources.get(system)  # type: ignore[return-value]
        if system == "warehouse":
            # All share one session: signing in takes longer than most queries.
            return self.context.data_sources.add_sql(
                system,
                connection_string="snowflake://",
                kwargs={"creator": lambda: self.warehouse, "poolclass": StaticPool},
            )
        return self.context.data_sources.add_postgres(
            system, connection_string=postgres_url(self._connections[system])
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
