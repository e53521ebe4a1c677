"""The artifact store on S3: a publish or seal that dies half-way leaves nothing that could be used."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.adapters.s3_artifacts import S3ArtifactStore
from reconciler.model.component import Component
from reconciler.model.errors import Terminal, Transient
from tests.builders import artifact, release_archive, release_manifest

BUCKET = "artifacts"


class Died(BaseException):
    """The process is gone."""


@pytest.fixture
def bucket(aws: Any) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


def dying_at(client: Any, put: int) -> S3ArtifactStore:
    """A store whose process dies before its ``put``-th write."""
    left = [put]

    def die(**_: Any) -> None:
        if left[0] == 0:
            raise Died
        left[0] -= 1

    client.meta.events.register("before-call.s3.PutObject", die, unique_id="die")
    return S3ArtifactStore(client, BUCKET)


def alive(client: Any) -> S3ArtifactStore:
    client.meta.events.unregister("before-call.s3.PutObject", unique_id="die")
    return S3ArtifactStore(client, BUCKET)


def keys(client: Any) -> list[str]:
    return [entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.mark.parametrize("put", [0, 1, 2])
def test_a_publish_that_died_left_no_version_and_can_be_repeated(bucket: Any, put: int) -> None:
    manifest, archive = artifact()
    with pytest.raises(Died):
        dying_at(bucket, put).publish(manifest, archive)
    store = alive(bucket)
    assert store.resolve(Component.DAGS, "1.0.0") is None
    assert list(store.versions(Component.DAGS)) == []
    assert store.publish(manifest, archive) is True
    assert store.open(Component.DAGS, manifest.digest) == archive


@pytest.mark.parametrize("put", [0, 1])
def test_a_seal_that_died_left_no_release_and_can_be_repeated(bucket: Any, put: int) -> None:
    manifest, archive = release_manifest(2), release_archive(2)
    with pytest.raises(Died):
        dying_at(bucket, put).seal(manifest, archive)
    store = alive(bucket)
    assert store.release(manifest.id) is None
    assert store.seal(manifest, archive) is True
    assert store.open_release(manifest.id) == archive


def test_everything_lies_where_the_layout_says(bucket: Any) -> None:
    store = alive(bucket)
    manifest, archive = artifact(Component.LIBS, "1.2.3")
    release = release_manifest(1)
    store.publish(manifest, archive)
    store.seal(release, release_archive(1))
    assert keys(bucket) == [
        f"artifacts/libs/{manifest.digest}/artifact.tar.gz",
        f"artifacts/libs/{manifest.digest}/manifest.json",
        f"releases/{release.id}/manifest.json",
        f"releases/{release.id}/release.tar.gz",
        "versions/libs/1.2.3.json",
    ]


def test_a_seal_never_writes_over_the_bytes_of_another(bucket: Any) -> None:
    manifest, archive = release_manifest(2), release_archive(2)
    key = f"releases/{manifest.id}/release.tar.gz"
    bucket.put_object(Bucket=BUCKET, Key=key, Body=b"of a seal under way")
    with pytest.raises(Terminal, match="delete that object and seal again"):
        alive(bucket).seal(manifest, archive)
    assert bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"of a seal under way"
    bucket.delete_object(Bucket=BUCKET, Key=key)
    assert alive(bucket).seal(manifest, archive) is True


def test_a_version_lost_to_another_publisher_at_the_last_moment_is_refused(bucket: Any) -> None:
    ours, archive = artifact(files={"dags/one.py": b"ours"})
    theirs, their_archive = artifact(files={"dags/one.py": b"theirs"})
    puts = [0]

    def overtake(**_: Any) -> None:
        puts[0] += 1
        if puts[0] == 3:
            alive(bucket).publish(theirs, their_archive)

    bucket.meta.events.register("before-call.s3.PutObject", overtake, unique_id="die")
    with pytest.raises(Terminal, match="new version"):
        S3ArtifactStore(bucket, BUCKET).publish(ours, archive)
    assert alive(bucket).resolve(Component.DAGS, "1.0.0") == theirs.digest


def test_a_write_that_races_with_another_passes(aws: Any) -> None:
    from botocore.stub import Stubber

    client = aws.client("s3")
    stub = Stubber(client)
    stub.add_client_error("get_object", "NoSuchKey", "", 404)
    stub.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
    stub.activate()
    with pytest.raises(Transient, match="being written"):
        S3ArtifactStore(client, BUCKET).publish(*artifact())
