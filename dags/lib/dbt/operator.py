"""The task that builds one dbt node. Holds names alone: whatever it needs to connect is read when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator

from lib.dbt.target import SNOWFLAKE


class DbtNode(BaseOperator):
    """Builds a node and asks its tests. Returns how many of these `passed`, `warned` and `failed`."""

    template_fields: Sequence[str] = ()

    def __init__(
        self,
        *,
        node: str,
        tests: Sequence[str],
        sources: Sequence[str],
        shadow: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.node, self.tests, self.sources = node, list(tests), list(sources)
        self.shadow = shadow

    def execute(self, context: Any) -> dict[str, int]:
        """Run dbt. Raises DbtFailed, after it has told as XCom `outcome` how many failed."""
        from airflow.sdk import Connection

        from lib.dbt.running import Outcome, build

        instance = context["ti"]
        connection = Connection.get(SNOWFLAKE.connection)
        variables = SNOWFLAKE.variables(connection, f"{instance.dag_id}.{instance.task_id}")
        outcome: Outcome = build(self.node, self.tests, self.sources, variables, self.shadow)
        counts = outcome.counts
        instance.xcom_push("outcome", counts)
        outcome.raise_for_failures()
        return counts
