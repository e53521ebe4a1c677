"""Where dbt builds: a target of profiles.yml, the Airflow connection that reaches it, and variables for dbt.

Secrets are read when a task runs and handed to dbt, never earlier and never to Airflow.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What the names of relations are made of.
_SHAPING = {"FINEDGE_SNOWFLAKE_DATABASE", "FINEDGE_SNOWFLAKE_SCHEMA"}
_HERE = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Variables:
    """Environment variables for dbt: what its graph may depend on, and what only a connection needs."""

    shaping: Mapping[str, str]
    connecting: Mapping[str, str]


@dataclass(frozen=True)
class Target:
    """A target's name, the id of its Airflow connection, and how that becomes variables."""

    name: str
    connection: str
    describe: Callable[[Any], dict[str, str]]

    def variables(self, connection: Any, tag: str = "") -> Variables:
        """From an Airflow connection. `tag` names the queries in the warehouse's history."""
        shaping = {"FINEDGE_DBT_TARGET": self.name}
        for name in ("FINEDGE_ENV", "FINEDGE_SCHEMA_PREFIX"):
            if os.environ.get(name):
                shaping[name] = os.environ[name]
        described = self.describe(connection)
        shaping |= {name: described.pop(name) for name in _SHAPING & described.keys()}
        return Variables(shaping, {**described, "FINEDGE_QUERY_TAG": tag})


def _snowflake(connection: Any) -> dict[str, str]:
    extra = connection.extra_dejson
    found = {
        "FINEDGE_SNOWFLAKE_ACCOUNT": extra.get("account"),
        "FINEDGE_SNOWFLAKE_USER": connection.login,
        "FINEDGE_SNOWFLAKE_DATABASE": extra.get("database"),
        "FINEDGE_SNOWFLAKE_SCHEMA": connection.schema,
        "FINEDGE_SNOWFLAKE_WAREHOUSE": extra.get("warehouse"),
        "FINEDGE_SNOWFLAKE_ROLE": extra.get("role"),
        "FINEDGE_SNOWFLAKE_HOST": connection.host,
        "FINEDGE_SNOWFLAKE_PORT": connection.port,
        "FINEDGE_SNOWFLAKE_PROTOCOL": extra.get("protocol"),
        **_snowflake_secrets(connection),
    }
    return {name: str(value) for name, value in found.items() if value}


def _snowflake_secrets(connection: Any) -> dict[str, str]:
    """A key pair; a password only for this machine. Raises ValueError for any other."""
    extra = connection.extra_dejson
    if extra.get("private_key_file"):
        pem = Path(extra["private_key_file"]).read_text()
    elif extra.get("private_key_content"):
        pem = base64.b64decode(extra["private_key_content"]).decode()
    elif connection.host in _HERE:
        return {"DBT_ENV_SECRET_SNOWFLAKE_PASSWORD": connection.password or ""}
    else:
        raise ValueError("a password is for the warehouse on this machine: use a key pair")
    return {
        "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY": pem,
        "DBT_ENV_SECRET_SNOWFLAKE_PASSPHRASE": connection.password or "",
    }


SNOWFLAKE = Target("snowflake", "warehouse", _snowflake)
