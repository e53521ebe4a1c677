"""The bucket for what the platform itself writes: models, reports, documents, files on their way.

Called by tasks. A key names its content's place for ever; what must never change is written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def from_airflow(connection: Any) -> Lake:
    """The bucket that an Airflow connection of type aws names in its extra.

    `bucket`, `region_name`, and `endpoint_url` only where it is not AWS; without login and password the
    worker's own role is used.
    """
    import boto3

    extra: Mapping[str, Any] = connection.extra_dejson
    client = boto3.client(
        "s3",
        region_name=extra.get("region_name"),
        endpoint_url=extra.get("endpoint_url"),
        aws_access_key_id=connection.login or None,
        aws_secret_access_key=connection.password or None,
    )
    return Lake(client, extra["bucket"])
