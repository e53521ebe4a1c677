"""The DAG folder's twin: bodies by key, with S3's conditional writes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5

from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.errors import Conflict
from reconciler.model.reason import Reason


class MemoryDagFolder(Twin):
    """A DAG folder in memory."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        self._files: dict[str, bytes] = dict(files or {})

    @port_call
    def list(self) -> Mapping[str, str]:
        """See ``ports.DagFolder``."""
        return {key: etag(body) for key, body in sorted(self._files.items())}

    @port_call
    def read(self, key: str) -> bytes | None:
        """See ``ports.DagFolder``."""
        return self._files.get(key)

    @port_call
    def put(self, key: str, body: bytes, if_match: str | None) -> str:
        """See ``ports.DagFolder``."""
        if self._files.get(key) != body:
            self._check(key, if_match)
        self._files[key] = body
        return etag(body)

    @port_call
    def delete(self, key: str, if_match: str) -> None:
        """See ``ports.DagFolder``."""
        if key in self._files:
            self._check(key, if_match)
            del self._files[key]

    def tamper(self, key: str, body: bytes | None) -> None:
        """Change a file (None: delete it) as a hand would, without any condition."""
        with self._lock:
            if body is None:
                self._files.pop(key, None)
            else:
                self._files[key] = body

    def _check(self, key: str, expected: str | None) -> None:
        found = etag(self._files[key]) if key in self._files else None
        if found != expected:
            raise Conflict(
                f"{key} in the DAG folder is not as expected: its etag is {found}, not {expected}.",
                "It is looked at again.",
                Reason.DRIFT_DETECTED,
            )


def etag(body: bytes) -> str:
    """The etag that S3 gives an object: its MD5 in quotes."""
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'
