"""A bucket of a test's own, in moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from lib.lake import Lake
from moto import mock_aws


@contextmanager
def lake() -> Iterator[Lake]:
    """The lake, empty."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket="finedge-lake-test")
        yield Lake(client, "finedge-lake-test")


def keys(of: Lake, prefix: str = "") -> list[str]:
    """What lies in it."""
    found = of.client.list_objects_v2(Bucket=of.bucket, Prefix=prefix).get("Contents", [])
    return sorted(one["Key"] for one in found)
