"""Takes out of an outsider's message what differs each time, so that equal failures read equally.

Called by the adapters that repeat what git, AWS or Airflow said: a message that changed is news to people.
Never takes out a name, a URL, a status or an error code.
"""

from __future__ import annotations

import re

_VARYING: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        # curl: "port 443 after 12 ms", "after 10001 milliseconds with 0 out of 0 bytes received".
        (r" after \d+ (?:ms|milliseconds|seconds)\b(?: with (?:\d+ out of )?-?\d+ bytes received)?", ""),
        # curl and git, where a transfer broke off; urllib3's IncompleteRead.
        (r"\b\d+ bytes (remaining|of (?:body|length header)|read|expected)", r"bytes \1"),
        (r"\b\d+ more expected", "more expected"),
        (r"\bHTTP/2 stream \d+", "HTTP/2 stream"),
        # OpenSSH tells the address, of which a host has many: "Connection reset by 140.82.121.4 port 22".
        (r"(\bConnection (?:(?:reset|closed) by|to)) [0-9a-f.:]+ port \d+", r"\1 the server"),
        (r"\btmp_(pack|idx|obj|rev)_\w+", r"tmp_\1"),
        # "Request ID: 8C5E:3B2F", "request-id=…", "with the exception ID abc"
        (
            r"\b((?:request|trace|correlation|exception|host)[ _-]?id)\b[\"']?(?:\s*[:=]\s*|\s+(?=\S*\d))"
            r"[\"']?[\w:+/=-]+[\"']?",
            r"\1",
        ),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "…"),
        # A time, as ISO 8601 (plain or compact), with or without fractions and zone.
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\b\d{8}T\d{6}Z", "…"),
        # Python's objects: "<urllib3.connection.HTTPSConnection object at 0x7f3a…>".
        (r" at 0x[0-9a-f]+", ""),
    )
)


def steady(said: str) -> str:
    """``said`` without durations, byte counts, ids of one request, times, and addresses that vary."""
    for pattern, instead in _VARYING:
        said = pattern.sub(instead, said)
    return said
