"""A container's copy of the bucket: whole files, deletions, nothing outside, each on its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.dag_sync import Container, Copy

BUCKET = "finedge-dev-airflow"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        bucket = boto3.client("s3", region_name="us-east-1")
        bucket.create_bucket(Bucket=BUCKET)
        yield bucket


def put(s3: Any, **files: str) -> None:
    for name, body in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"dags/{name.replace('__', '/')}", Body=body.encode())


def content(folder: Path) -> dict[str, str]:
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}


def test_the_folder_becomes_what_the_bucket_holds(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("gone from the bucket")
    put(s3, a="1", _releases__r="2")
    s3.put_object(Bucket=BUCKET, Key="plugins.zip", Body=b"not a DAG")
    assert Copy(s3, BUCKET, tmp_path).once() == ["_releases/r", "a", "old.py"]
    assert content(tmp_path) == {"a": "1", "_releases/r": "2"}


def test_only_what_changed_is_copied_again(s3: Any, tmp_path: Path) -> None:
    copy = Copy(s3, BUCKET, tmp_path)
    put(s3, a="1", b="1")
    copy.once()
    assert copy.once() == []
    put(s3, b="2")
    assert copy.once() == ["b"]
    s3.delete_object(Bucket=BUCKET, Key="dags/a")
    assert copy.once() == ["a"]
    assert content(tmp_path) == {"b": "2"}


def test_pythons_own_cache_is_left_alone(s3: Any, tmp_path: Path) -> None:
    cache = tmp_path / "__pycache__" / "x.pyc"
    cache.parent.mkdir()
    cache.write_text("")
    assert Copy(s3, BUCKET, tmp_path).once() == []
    assert cache.exists()


def test_a_key_that_leads_out_of_the_folder_is_refused(s3: Any, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    s3.put_object(Bucket=BUCKET, Key="dags/../escaped", Body=b"x")
    with pytest.raises(ValueError, match="leads out of"):
        Copy(s3, BUCKET, folder).once()
    assert not (tmp_path / "escaped").exists()


def test_a_container_survives_the_command_line() -> None:
    container = Container(Path("/tmp/a:b/dags"), 30.0, 15.0)
    assert Container.parse(container.argument()) == container
