"""Connects to the warehouse: with a key pair, or on this machine with a password.

The connector is imported when it is needed: a DAG that is only parsed does not pay for it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

_HERE = {"127.0.0.1", "localhost", "::1"}
_FROM_EXTRA = ("account", "database", "warehouse", "role", "protocol")
SESSION = {
    "TIMEZONE": "UTC",
    # Whoever waits longer for another's transaction fails, and is tried again (seconds).
    "LOCK_TIMEOUT": 1800,
    # A statement whose task was killed ends by itself.
    "ABORT_DETACHED_QUERY": True,
}


def from_airflow(connection: Any, tag: str = "", paramstyle: str = "qmark") -> Any:
    """A connection as an Airflow connection of type snowflake describes it.

    Its extra holds account, database, warehouse, role, and `private_key_file` or `private_key_content` (PEM
    in base64), whose passphrase is the connection's password. Raises ValueError, or what the connector
    raises.
    """
    extra: Mapping[str, Any] = connection.extra_dejson
    values = {name: extra[name] for name in _FROM_EXTRA if extra.get(name)}
    values |= {"user": connection.login, "schema": connection.schema}
    values |= {"host": connection.host, "port": connection.port}
    if extra.get("private_key_file"):
        values["private_key_file"] = extra["private_key_file"]
        if connection.password:
            values["private_key_file_pwd"] = connection.password
    elif extra.get("private_key_content"):
        pem = base64.b64decode(extra["private_key_content"])
        values["private_key"] = _private_key(pem, connection.password or None)
    else:
        values["password"] = connection.password
    return connect({name: value for name, value in values.items() if value}, tag, paramstyle)


def connect(values: Mapping[str, Any], tag: str = "", paramstyle: str = "qmark") -> Any:
    """A connection from the connector's own arguments; `tag` names its queries in Snowflake's history.

    `paramstyle`: how values are written in statements; the platform's own use the default. Each statement
    commits by itself unless a transaction was begun. Raises ValueError for a password that would leave this
    machine.
    """
    if "password" in values and values.get("host") not in _HERE:
        raise ValueError("a password is for the warehouse on this machine: use a key pair")
    import snowflake.connector

    return snowflake.connector.connect(
        **values,
        paramstyle=paramstyle,
        autocommit=True,
        # Else every connection asks the metadata services of three clouds whose machine this is.
        platform_detection_timeout_seconds=0.0,
        session_parameters={**SESSION, "QUERY_TAG": tag},
    )


def _private_key(pem: bytes, passphrase: str | None) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
