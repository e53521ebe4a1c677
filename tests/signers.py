"""Keys and an ``allowed_signers`` for tests that need no real signature."""

from __future__ import annotations

import base64
from hashlib import sha256

TYPE = "ssh-ed25519"


def key(owner: str) -> str:
    """Something that looks like an ed25519 key, another for each owner."""
    blob = len(TYPE).to_bytes(4, "big") + TYPE.encode() + (32).to_bytes(4, "big")
    return base64.b64encode(blob + sha256(owner.encode()).digest()).decode()


def signers(*people: str) -> str:
    """A line for each: addresses of one person, separated by commas."""
    return "".join(f"{addresses} {TYPE} {key(addresses)}\n" for addresses in people)
