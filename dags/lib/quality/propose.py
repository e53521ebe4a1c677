"""Proposes a suite for a table to begin with: `python -m lib.quality.propose SCHEMA.TABLE > suite.json`.

Run in the folder `dags`, with the warehouse's connection as Airflow writes it in AIRFLOW_CONN_WAREHOUSE
(JSON). What is proposed is what the table looks like today; whether it has to look so, a person has to say:
each reason is a question, and the suite is refused until they are answered.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from types import SimpleNamespace
from typing import Any

from lib.quality.profile import Column, profile
from lib.quality.suites import OPEN
from lib.quality.written import written
from lib.warehouse.connecting import from_airflow


def propose(schema: str, table: str, columns: Sequence[Column]) -> dict[str, Any]:
    """A suite's values, of a table's profile."""
    logical = f"{schema}.{table}".lower()
    keys = [one.name for one in columns if one.rows and not one.nulls and one.different == one.rows][:1]
    return {
        "name": f"preflight_{table.lower()}",
        "meta": {
            "about": f"TODO: what {logical} holds, and when it is checked",
            "tables": {logical: {"key": keys}},
        },
        "expectations": [
            {
                "type": f"expect_{kind}",
                "kwargs": kwargs,
                "meta": {
                    "rule": rule,
                    "severity": "warn",
                    "owner": OPEN,
                    "table": logical,
                    "reason": f"{OPEN}: {why}",
                },
            }
            for column in columns
            for kind, kwargs, rule, why in _proposed(column, keys)
        ],
    }


def _proposed(column: Column, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    about, name = {"column": column.name}, column.name.lower()
    if not column.rows:
        return
    if not column.nulls:
        yield "column_values_to_not_be_null", about, f"{name}_not_null", "is it an error to have none?"
    if column.name in keys:
        yield "column_values_to_be_unique", about, f"{name}_unique", "is it the key?"
    elif column.values:
        values = {**about, "value_set": list(column.values)}
        yield "column_values_to_be_in_set", values, f"{name}_known", "are these all that there may be?"
    elif column.mean is not None and column.least is not None and column.greatest is not None:
        low, high = float(column.least), float(column.greatest)
        bounds = {**about, "min_value": low, "max_value": high}
        yield (
            "column_values_to_be_between",
            bounds,
            f"{name}_plausible",
            "which bounds has it?",
        )
        spread = abs(column.mean) / 2
        middle = {**about, "min_value": column.mean - spread, "max_value": column.mean + spread}
        yield "column_mean_to_be_between", middle, f"{name}_mean_usual", "how far may the mean move, and why?"


def main(arguments: Sequence[str]) -> int:
    """Print the proposal; 2 where the call is wrong."""
    if len(arguments) != 1 or arguments[0].count(".") != 1 or "AIRFLOW_CONN_WAREHOUSE" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    schema, table = arguments[0].upper().split(".")
    values = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE"])
    names = ("host", "port", "login", "password", "schema")
    extra = values.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    warehouse = SimpleNamespace(**{name: values.get(name) for name in names}, extra_dejson=extra)
    with closing(from_airflow(warehouse, "propose")) as connection:
        print(written(propose(schema, table, profile(connection, schema, table))), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
