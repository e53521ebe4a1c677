"""The dbt project as tests run it: on a database of their own, by the code that tasks run it with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.warehouse import Warehouse

if TYPE_CHECKING:
    from lib.dbt.running import Outcome

BUILT = ("STAGING", "INTERMEDIATE", "MARTS", "ML")
# When something was loaded, found or computed is not what it says.
CLOCKS = {"LOADED_AT", "RAISED_AT", "FEATURE_COMPUTED_AT", "DBT_SCD_ID", "DBT_UPDATED_AT"}
Rows = list[tuple[Any, ...]]


@dataclass
class Project:
    """The project on the database of one environment."""

    warehouse: Warehouse
    environment: str
    connection: Any
    shaping: dict[str, str] = field(default_factory=dict)

    def dbt(self, *command: str, **dbt_vars: str) -> Outcome:
        """Run one command."""
        from lib.dbt.running import run
        from lib.dbt.target import Variables

        login = self.warehouse.login
        connecting = {
            "FINEDGE_SNOWFLAKE_ACCOUNT": str(login["account"]),
            "FINEDGE_SNOWFLAKE_USER": str(login["user"]),
            "DBT_ENV_SECRET_SNOWFLAKE_PASSWORD": str(login["password"]),
            "FINEDGE_SNOWFLAKE_HOST": str(login["host"]),
            "FINEDGE_SNOWFLAKE_PORT": str(login["port"]),
            "FINEDGE_SNOWFLAKE_PROTOCOL": str(login["protocol"]),
        }
        shaping = {"FINEDGE_DBT_TARGET": "snowflake", "FINEDGE_ENV": self.environment, **self.shaping}
        return run([command], Variables(shaping, connecting), dbt_vars)

    def failures(self, *command: str, **dbt_vars: str) -> dict[str, str]:
        """What did not succeed, by name: its message."""
        return {
            one["name"]: f"{one['status']}: {one['message']}"
            for one in self.dbt(*command, **dbt_vars).results
            if one["status"] not in ("success", "pass", "skipped", "warn", "no-op")
        }

    def ask(self, query: str) -> Rows:
        """Rows of one query."""
        with self.connection.cursor() as cursor:
            rows: Rows = cursor.execute(query).fetchall()
            return rows

    def tables(self) -> list[str]:
        """What dbt has made as tables, by schema and name."""
        found = self.ask(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' ORDER BY 1"
        )
        # The stand-in keeps temporary tables.
        return [name for (name,) in found if name.split(".")[0] in BUILT and "__dbt_tmp" not in name]

    def contents(self, schema_prefix: str = "", without: Sequence[str] = ()) -> dict[str, Rows]:
        """All rows of all tables, without what clocks have said, in an order of their own."""
        return {
            name: self.rows(f"{schema_prefix}{name}")
            for name in self.tables()
            if name.split(".")[1] not in without
        }

    def rows(self, table: str) -> Rows:
        """A table's rows."""
        schema, name = table.split(".")
        columns = self.ask(
            "SELECT column_name FROM information_schema.columns"
            f" WHERE table_schema = '{schema}' AND table_name = '{name}' ORDER BY column_name"
        )
        kept = ", ".join(f'"{column}"' for (column,) in columns if column not in CLOCKS)
        return sorted(self.ask(f"SELECT {kept} FROM {table}"), key=repr)
