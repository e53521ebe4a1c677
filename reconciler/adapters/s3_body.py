"""Reads the body of an S3 object to its end, or to the deadline's. Called by the adapters over S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.adapters.deadline import Deadline

if TYPE_CHECKING:
    from botocore.response import StreamingBody

_CHUNK = 16 * 1024
"""boto3's timeout is for each packet: a server that drips would never meet it. Small, so that the clock is
looked at often."""


def whole(body: StreamingBody, deadline: Deadline) -> bytes:
    """All bytes. ``Transient`` if they do not come in time; botocore's errors if the connection breaks."""
    found = bytearray()
    while chunk := body.read(_CHUNK):
        found += chunk
        deadline.check("S3")
    return bytes(found)
