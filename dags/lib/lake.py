"""The bucket for what the platform itself writes: models, reports, documents, files on their way.

Called by tasks. A key names its content's place for ever; what must never change is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LAKE = "lake"
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class AlreadyWritten(Exception):
    """The key holds other bytes already; they were not touched."""


@dataclass(frozen=True)
class Lake:
    """A bucket, and the client to reach it with."""

    client: Any
    bucket: str

    def read(self, key: str) -> bytes:
        """The object's bytes. Raises botocore's ClientError where there is none."""
        body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def write(self, key: str, body: bytes) -> str:
        """Put, whatever was there; returns the key."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def write_once(self, key: str, body: bytes) -> str:
        """Put where nothing is; the same bytes again are welcome. Raises AlreadyWritten."""
        from botocore.exceptions import ClientError

        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            if self.read(key) != body:
                raise AlreadyWritten(f"s3://{self.bucket}/{key} holds other bytes") from None
        return key


def lake() -> Lake:
    """The bucket that the Airflow connection `lake` names in its extra."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    hook = S3Hook(LAKE)
    return Lake(hook.get_conn(), hook.get_connection(LAKE).extra_dejson["bucket"])
