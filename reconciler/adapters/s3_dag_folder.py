"""Airflow's DAG folder on S3. Every write and deletion says what it expects to find.

Called by the DAG target. Never touches a key outside the prefix. Refuses to work with a clock that S3 does
not share: from when a release counts is written into the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from reconciler.adapters.aws_errors import error_code, translated
from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.adapters.s3_body import whole
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.errors import Conflict, Terminal
from reconciler.model.reason import Reason
from reconciler.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# 412: the condition does not hold. 409: another conditional write of the key is under way.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
UNMET = frozenset({"PreconditionFailed", "412"})
RACING = frozenset({"ConditionalRequestConflict", "409"})
CHANGED = UNMET | RACING
ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})

MOST_SKEW = timedelta(seconds=60)
"""S3 itself takes requests up to 15 minutes off."""


class S3DagFolder:
    """A prefix of a bucket."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str = "dags/",
        clock: Clock | None = None,
        deadline: Deadline = NEVER,
    ) -> None:
        """``clock`` is compared with S3's (None: the system's)."""
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._clock = clock or SystemClock()
        self._deadline = deadline

    def list(self) -> Mapping[str, str]:
        """See ``ports.DagFolder``. ``Terminal`` if S3's clock is another one than ours."""
        found: dict[str, str] = {}
        asked = self._clock.now()
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        with translated("s3:ListBucket", self._name()):
            for page in pages:
                _same_time(page, asked, self._clock.now())
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
            return whole(answer["Body"], self._deadline)

    def put(self, key: str, body: bytes, if_match: str | None) -> str:
        """See ``ports.DagFolder``."""
        try:
            return self._put(key, body, if_match)
        except Conflict:
            # boto3 asks again when an answer is lost, and then meets what the first attempt wrote.
            written = self._etag_of(key, body)
            if written is None:
                raise
            return written

    def _put(self, key: str, body: bytes, if_match: str | None) -> str:
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

    def _etag_of(self, key: str, body: bytes) -> str | None:
        """The etag of a file that has these very bytes; None if it has others or is not there."""
        with translated("s3:GetObject", self._name(key)):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                return answer["ETag"] if whole(answer["Body"], self._deadline) == body else None
            except ClientError as error:
                if error_code(error) in ABSENT:
                    return None
                raise

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


def _same_time(answer: Any, asked: datetime, answered: datetime) -> None:
    """``Terminal`` if S3 answered at another time than between asking and having the answer."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date is None:
        return
    theirs = parsedate_to_datetime(date)
    if theirs.tzinfo is None:
        return
    if asked - MOST_SKEW <= theirs <= answered + MOST_SKEW:
        return
    side = "behind" if theirs > answered else "ahead of"
    raise Terminal(
        f"This machine's clock is more than {MOST_SKEW.total_seconds():g} s {side} S3's.",
        "Let the system set the clock (NTP): from when a release counts is reckoned with it.",
        Reason.RECONCILIATION_FAILED,
    )
