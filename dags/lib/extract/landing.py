"""The landing bucket: which files there are, and each as a stream that is digested while it is read."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Folder:
    """A folder of the bucket: its key with a slash at the end, and the hour or day it is about."""

    key: str
    about: datetime


@dataclass(frozen=True)
class Landing:
    """A bucket, and boto3's client of S3."""

    client: Any
    bucket: str

    def keys(self, folder: str) -> list[str]:
        """The files in a folder, not those of folders in it, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=folder, Delimiter="/"
        )
        return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    @contextmanager
    def open(self, key: str) -> Iterator[Digested]:
        """A file's content. Raises botocore's ClientError."""
        body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
        with closing(body):
            yield Digested(body)

    def save(self, key: str, file: Path) -> str:
        """Copy a file to the disk; its sha256."""
        with self.open(key) as stream, file.open("wb") as target:
            while chunk := stream.read(_CHUNK):
                target.write(chunk)
            return stream.sha256()


class Digested(io.RawIOBase):
    """A stream that keeps a digest of what was read of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing: readers close what they read from, and the rest of it has to be digested yet."""

    def readinto(self, buffer: Any) -> int:
        found: bytes = self._stream.read(len(buffer))
        buffer[: len(found)] = found
        self._digest.update(found)
        return len(found)

    def sha256(self) -> str:
        """The digest of the whole; what was not read yet is read now."""
        while self.read(_CHUNK):
            pass
        return self._digest.hexdigest()
