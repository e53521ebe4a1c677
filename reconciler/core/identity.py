"""Names made from content: every digest of the product is computed here, and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from reconciler.model.artifact import FileEntry
from reconciler.model.component import Component


def sha256(body: bytes) -> str:
    """The sha256 of some bytes, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def canonical(value: object) -> bytes:
    """JSON types as bytes that are equal for equal values: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def artifact_digest(component: Component, files: Iterable[FileEntry]) -> str:
    """The digest of an artifact: over its component and its files' paths and contents, in no order."""
    return sha256(
        canonical({"component": component.value, "files": {entry.path: entry.sha256 for entry in files}})
    )


def release_id(components: Mapping[Component, str]) -> str:
    """A release's id: 16 hex digits over the canonical ``{component: digest}``."""
    return sha256(canonical({component.value: digest for component, digest in components.items()}))[:16]


def fingerprint(parts: Mapping[str, str]) -> str:
    """A DAG's fingerprint: 32 hex digits over what its behaviour depends on, as ``{name: digest}``."""
    return sha256(canonical(dict(parts)))[:32]
