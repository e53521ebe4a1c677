"""What every artifact store guarantees: a version means one thing for ever, and bytes are what they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.adapters.memory import MemoryArtifactStore
from reconciler.adapters.s3_artifacts import S3ArtifactStore
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.ports import ArtifactStore
from tests.builders import artifact, release_archive, release_manifest, tar_gz

BUCKET = "artifacts"
Corrupt = Callable[[str, bytes], None]


@pytest.fixture
def bucket(aws: Any) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


@pytest.fixture(params=["twin", "s3"])
def store(request: pytest.FixtureRequest) -> ArtifactStore:
    if request.param == "twin":
        return MemoryArtifactStore()
    return S3ArtifactStore(request.getfixturevalue("bucket"), BUCKET)


def test_nothing_is_there_at_first(store: ArtifactStore) -> None:
    assert store.resolve(Component.DAGS, "1.0.0") is None
    assert list(store.versions(Component.DAGS)) == []
    assert store.release("0" * 16) is None
    for missing in (store.manifest, store.open):
        with pytest.raises(Terminal, match="reconciler publish"):
            missing(Component.DAGS, "0" * 64)
    with pytest.raises(Terminal, match="reconciler seal"):
        store.open_release("0" * 16)


def test_a_published_artifact_is_found_by_version_and_digest(store: ArtifactStore) -> None:
    manifest, archive = artifact(Component.LIBS, "1.0.0", parent="0.9.0")
    assert store.publish(manifest, archive) is True
    assert store.resolve(Component.LIBS, "1.0.0") == manifest.digest
    assert store.manifest(Component.LIBS, manifest.digest) == manifest
    assert store.open(Component.LIBS, manifest.digest) == archive


def test_publishing_the_same_again_changes_nothing(store: ArtifactStore) -> None:
    manifest, archive = artifact()
    store.publish(manifest, archive)
    assert store.publish(manifest, archive) is False
    assert list(store.versions(Component.DAGS)) == ["1.0.0"]


def test_publishing_other_bytes_under_a_version_is_refused(store: ArtifactStore) -> None:
    first, archive = artifact(files={"dags/one.py": b"1"})
    other, other_archive = artifact(files={"dags/one.py": b"2"})
    store.publish(first, archive)
    with pytest.raises(Terminal, match="new version") as refused:
        store.publish(other, other_archive)
    assert refused.value.reason is Reason.ARTIFACT_FAILED
    assert store.resolve(Component.DAGS, "1.0.0") == first.digest
    assert store.open(Component.DAGS, first.digest) == archive


def test_two_versions_may_stand_for_the_same_bytes(store: ArtifactStore) -> None:
    files = {"dags/one.py": b"1"}
    first, archive = artifact(version="1.0.0", files=files)
    second, _ = artifact(version="1.0.1", files=files)
    assert store.publish(first, archive) is True
    assert store.publish(second, archive) is True
    assert store.resolve(Component.DAGS, "1.0.1") == first.digest
    assert sorted(store.versions(Component.DAGS)) == ["1.0.0", "1.0.1"]


def test_components_have_versions_of_their_own(store: ArtifactStore) -> None:
    for component in (Component.DAGS, Component.DBT):
        store.publish(*artifact(component))
    assert list(store.versions(Component.DBT)) == ["1.0.0"]
    assert store.resolve(Component.LIBS, "1.0.0") is None


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"dags/one.py": b"# 1.0.X\n"}, "not what the manifest says"),
        ({"dags/one.py": b"# longer than that\n"}, "not as its manifest says"),
        ({"dags/two.py": b"# 1.0.0\n"}, "not as its manifest says"),
        ({"dags/one.py": b"# 1.0.0\n", "dags/two.py": b""}, "not as its manifest says"),
        ({"../dags/one.py": b"# 1.0.0\n"}, "segment"),
        ({}, "lacks files"),
    ],
)
def test_an_archive_that_is_not_what_its_manifest_says_is_refused(
    store: ArtifactStore, files: dict[str, bytes], said: str
) -> None:
    manifest, _ = artifact()
    with pytest.raises(Terminal, match=said):
        store.publish(manifest, tar_gz(files))
    assert store.resolve(Component.DAGS, "1.0.0") is None


@pytest.mark.parametrize("archive", [b"", b"no archive at all", artifact()[1][:-20]])
def test_an_archive_that_cannot_be_read_is_refused(store: ArtifactStore, archive: bytes) -> None:
    manifest, _ = artifact()
    with pytest.raises(Terminal, match=r"tar\.gz|lacks files"):
        store.publish(manifest, archive)


def test_a_manifest_with_a_digest_that_its_files_do_not_have_is_refused(store: ArtifactStore) -> None:
    manifest, archive = artifact()
    with pytest.raises(Terminal, match="its files do not have"):
        store.publish(manifest.model_copy(update={"digest": "0" * 64}), archive)


def test_a_sealed_release_is_opened_as_it_was(store: ArtifactStore) -> None:
    manifest, archive = release_manifest(3), release_archive(3)
    assert store.seal(manifest, archive) is True
    assert store.release(manifest.id) == manifest
    assert store.open_release(manifest.id) == archive


def test_the_first_seal_stays(store: ArtifactStore) -> None:
    manifest, archive = release_manifest(3), release_archive(3)
    store.seal(manifest, archive)
    later = manifest.model_copy(update={"python_version": "3.12"})
    assert store.seal(later, archive) is False
    assert store.release(manifest.id) == manifest


def test_a_seal_of_other_bytes_than_its_manifest_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(Terminal, match="sha256"):
        store.seal(release_manifest(3), release_archive(2))
    assert store.release(release_manifest(3).id) is None


@pytest.mark.parametrize("damage", [b"", release_archive(3, seed="other"), release_archive(3) + b"\0"])
@pytest.mark.parametrize("kind", ["twin", "s3"])
def test_a_damaged_release_is_not_opened(request: pytest.FixtureRequest, kind: str, damage: bytes) -> None:
    manifest, archive = release_manifest(3), release_archive(3)
    store: ArtifactStore
    if kind == "twin":
        store = twin = MemoryArtifactStore()
        store.seal(manifest, archive)
        twin.corrupt_release(manifest.id, damage)
    else:
        client = request.getfixturevalue("bucket")
        store = S3ArtifactStore(client, BUCKET)
        store.seal(manifest, archive)
        client.put_object(Bucket=BUCKET, Key=f"releases/{manifest.id}/release.tar.gz", Body=damage)
    with pytest.raises(Terminal, match="sha256"):
        store.open_release(manifest.id)
