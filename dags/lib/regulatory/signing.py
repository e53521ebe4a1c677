"""A detached signature over a report's manifest, with the key that the secrets backend holds.

Ed25519: the same bytes get the same signature, so that delivering again changes nothing. In production the
key belongs into KMS, which signs without giving it away; whatever signs is one function here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Signer:
    """`sign` makes a signature of bytes; `key_id` tells who verifies which public key to take."""

    key_id: str
    sign: Callable[[bytes], bytes]


def from_airflow(connection: Any) -> Signer:
    """The password of a connection is the private key as PEM (PKCS 8). Raises ValueError for others."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key((connection.password or "").encode(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the report's key has to be an Ed25519 key")
    public = key.public_key().public_bytes_raw()
    return Signer(hashlib.sha256(public).hexdigest()[:16], key.sign)


def verify(public_key: bytes, body: bytes, signature: bytes) -> None:
    """Check as the receiver does; `public_key`: its 32 bytes. Raises cryptography's InvalidSignature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
