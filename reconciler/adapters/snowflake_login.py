"""How the warehouse's record is signed in to: with a key pair. Used by ``snowflake_record``."""

from __future__ import annotations

from typing import Any

from reconciler.model.errors import Terminal
from reconciler.model.health import WarehouseRecord

_HERE = frozenset({"127.0.0.1", "localhost"})


def login(place: WarehouseRecord, pem: str) -> dict[str, Any]:
    """Arguments of the connector. ``Terminal`` if ``pem`` is no private key; its text is in no message."""
    host, _, port = place.host.partition(":")
    named = {"role": place.role, "warehouse": place.warehouse, "host": host}
    arguments: dict[str, Any] = {
        "account": place.account,
        "user": place.user,
        "database": place.database,
        "private_key": _der(place.key_secret, pem),
        **{name: value for name, value in named.items() if value},
    }
    if port:
        arguments["port"] = int(port)
    if host in _HERE:
        # Nothing leaves this machine; elsewhere it is never without TLS.
        arguments["protocol"] = "http"
    return arguments


def _der(reference: str, pem: str) -> bytes:
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        # Without its cause: that may quote the key.
        raise Terminal(
            f"The secret {reference} is no private key, or has a passphrase.",
            "Put the key into it as PEM without one (`openssl genrsa 2048 | openssl pkcs8 -topk8 -nocrypt`).",
        ) from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
