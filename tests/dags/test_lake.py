"""The lake: what is written once stays as it is."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from lib.lake import AlreadyWritten

from tests.dags.lake import lake


def test_what_is_written_can_be_read_and_overwritten() -> None:
    with lake() as bucket:
        assert bucket.write("a/b", b"1") == "a/b"
        bucket.write("a/b", b"2")
        assert bucket.read("a/b") == b"2"


def test_what_is_written_once_stays() -> None:
    with lake() as bucket:
        for _ in range(2):
            assert bucket.write_once("a", b"1") == "a"
        with pytest.raises(AlreadyWritten, match="s3://finedge-lake-test/a holds other bytes"):
            bucket.write_once("a", b"2")
        assert bucket.read("a") == b"1"


def test_other_errors_are_not_taken_for_a_written_key() -> None:
    with lake() as bucket:
        bucket.client.delete_bucket(Bucket=bucket.bucket)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            bucket.write_once("a", b"1")
