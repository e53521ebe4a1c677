"""Airflow's DAG folder on S3. Every write and deletion says what it expects to find.

Called by the DAG target. Never touches a key outside the prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reconciler.adapters.aws_errors import error_code, translated
from reconciler.model.errors import Conflict
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# 412: the condition does not hold. 409: another conditional write of the key is under way.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
UNMET = frozenset({"PreconditionFailed", "412"})
RACING = frozenset({"ConditionalRequestConflict", "409"})
CHANGED = UNMET | RACING
ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})


class S3DagFolder:
    """A prefix of a bucket."""

    def __init__(self, client: S3Client, bucket: str, prefix: str = "dags/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def list(self) -> Mapping[str, str]:
        """See ``ports.DagFolder``."""
        found: dict[str, str] = {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        with translated("s3:ListBucket", self._name()):
            for page in pages:
                for entry in page.get("Contents", []):
                    found[entry["Key"].removeprefix(self._prefix)] = entry["ETag"]
        found.pop("", None)  # the folder marker that the S3 console makes
        return found

    def read(self, key: str) -> bytes | None:
        """See ``ports.DagFolder``."""
        with translated("s3:GetObject", self._name(key)):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            except ClientError as error:
                if error_code(error) in ABSENT:
                    return None
                raise
            return answer["Body"].read()

    def put(self, key: str, body: bytes, if_match: str | None) -> str:
        """See ``ports.DagFolder``."""
        bucket, full_key = self._bucket, self._prefix + key
        with translated("s3:PutObject", self._name(key)):
            try:
                if if_match is None:
                    answer = self._client.put_object(Bucket=bucket, Key=full_key, Body=body, IfNoneMatch="*")
                else:
                    answer = self._client.put_object(Bucket=bucket, Key=full_key, Body=body, IfMatch=if_match)
            except ClientError as error:
                if error_code(error) in CHANGED | ABSENT:
                    raise self._changed(key, if_match) from error
                raise
        return answer["ETag"]

    def delete(self, key: str, if_match: str) -> None:
        """See ``ports.DagFolder``."""
        with translated("s3:DeleteObject", self._name(key)):
            try:
                # Asked first: not every service that speaks S3 looks at the deletion's own If-Match, which
                # closes the moment in between on S3 itself.
                found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)["ETag"]
                if found != if_match:
                    raise self._changed(key, if_match)
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key, IfMatch=if_match)
            except ClientError as error:
                if error_code(error) in CHANGED:
                    raise self._changed(key, if_match) from error
                if error_code(error) not in ABSENT:
                    raise

    def _name(self, key: str = "") -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def _changed(self, key: str, if_match: str | None) -> Conflict:
        expected = f"with the etag {if_match}" if if_match else "absent"
        return Conflict(
            f"{self._name(key)} was changed by somebody else: it was expected {expected}.",
            "It is looked at again.",
            Reason.DRIFT_DETECTED,
        )
