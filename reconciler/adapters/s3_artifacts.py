"""The artifact store on S3: what is written once is never written again.

Called by ``build`` (publish, seal) and the tick (resolve, release). Layout, below the bucket:
``artifacts/<component>/<digest>/{artifact.tar.gz,manifest.json}``, ``versions/<component>/<version>.json``,
``releases/<release id>/{release.tar.gz,manifest.json}``. Never deletes and never overwrites.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from pydantic import ValidationError

from reconciler.adapters.archive_check import check_artifact, check_release
from reconciler.adapters.artifact_errors import no_artifact, no_release, not_ours, version_taken
from reconciler.adapters.aws_errors import error_code, translated
from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.adapters.s3_body import whole
from reconciler.adapters.s3_dag_folder import ABSENT, RACING, UNMET
from reconciler.core.identity import release_id as id_of
from reconciler.model.artifact import ArtifactManifest, Digest
from reconciler.model.component import Component
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseManifest
from reconciler.model.value import Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


V = TypeVar("V", bound=Value)


class _Claim(Value):
    """What a version's file says."""

    digest: Digest


class S3ArtifactStore:
    """A bucket of artifacts and releases."""

    def __init__(self, client: S3Client, bucket: str, deadline: Deadline = NEVER) -> None:
        self._client = client
        self._bucket = bucket
        self._deadline = deadline

    def resolve(self, component: Component, version: str) -> str | None:
        """See ``ports.ArtifactStore``."""
        key = f"versions/{component}/{version}.json"
        body = self._get(key)
        return None if body is None else self._parsed(key, _Claim, body).digest

    def versions(self, component: Component) -> Sequence[str]:
        """See ``ports.ArtifactStore``."""
        prefix = f"versions/{component}/"
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated("s3:ListBucket", f"s3://{self._bucket}/{prefix}"):
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return tuple(key.removeprefix(prefix).removesuffix(".json") for key in keys)

    def manifest(self, component: Component, digest: str) -> ArtifactManifest:
        """See ``ports.ArtifactStore``."""
        key = f"artifacts/{component}/{digest}/manifest.json"
        body = self._get(key)
        if body is None:
            raise no_artifact(component, digest)
        manifest = self._parsed(key, ArtifactManifest, body)
        if (manifest.component, manifest.digest) != (component, digest):
            raise not_ours(self._name(key), f"it describes {manifest.component} {manifest.digest}")
        return manifest

    def open(self, component: Component, digest: str) -> bytes:
        """See ``ports.ArtifactStore``; checked against its manifest."""
        manifest = self.manifest(component, digest)
        archive = self._get(f"artifacts/{component}/{digest}/artifact.tar.gz")
        if archive is None:
            raise no_artifact(component, digest)
        check_artifact(manifest, archive)
        return archive

    def publish(self, manifest: ArtifactManifest, archive: bytes) -> bool:
        """See ``ports.ArtifactStore``."""
        check_artifact(manifest, archive)
        claimed = self.resolve(manifest.component, manifest.version)
        if claimed not in (None, manifest.digest):
            raise version_taken(manifest, str(claimed))
        folder = f"artifacts/{manifest.component}/{manifest.digest}"
        self._put_once(f"{folder}/artifact.tar.gz", archive)
        self._put_once(f"{folder}/manifest.json", _json(manifest))
        if claimed is None and self._put_once(_version_key(manifest), _claim(manifest)):
            return True
        winner = self.resolve(manifest.component, manifest.version)
        if winner != manifest.digest:
            raise version_taken(manifest, str(winner))
        return False

    def release(self, release_id: str) -> ReleaseManifest | None:
        """See ``ports.ArtifactStore``."""
        key = f"releases/{release_id}/manifest.json"
        body = self._get(key)
        if body is None:
            return None
        manifest = self._parsed(key, ReleaseManifest, body)
        if (manifest.id, id_of(manifest.components)) != (release_id, release_id):
            raise not_ours(self._name(key), f"it describes another release ({manifest.id})")
        return manifest

    def open_release(self, release_id: str) -> bytes:
        """See ``ports.ArtifactStore``."""
        manifest = self.release(release_id)
        archive = self._get(f"releases/{release_id}/release.tar.gz") if manifest else None
        if manifest is None or archive is None:
            raise no_release(release_id)
        check_release(manifest, archive)
        return archive

    def seal(self, manifest: ReleaseManifest, archive: bytes) -> bool:
        """See ``ports.ArtifactStore``."""
        check_release(manifest, archive)
        if self.release(manifest.id) is not None:
            return False
        key = f"releases/{manifest.id}/release.tar.gz"
        if not self._put_once(key, archive) and self._get(key) != archive:
            # Left by a seal that died before its manifest, or by one under way now. Overwriting could tear
            # the bytes from the manifest that the other is about to write.
            raise Terminal(
                f"s3://{self._bucket}/{key} holds other bytes than this seal of the same artifacts made.",
                "If no other seal is running, delete that object and seal again.",
                Reason.ARTIFACT_FAILED,
            )
        return self._put_once(f"releases/{manifest.id}/manifest.json", _json(manifest))

    def _parsed(self, key: str, model: type[V], body: bytes) -> V:
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            # The kinds of the problems alone: who wrote it may have written anything.
            kinds = sorted({problem["type"] for problem in error.errors(include_input=False)})
            raise not_ours(self._name(key), f"it cannot be read ({', '.join(kinds[:3])})") from None

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def _get(self, key: str) -> bytes | None:
        with translated("s3:GetObject", self._name(key)):
            try:
                return whole(self._client.get_object(Bucket=self._bucket, Key=key)["Body"], self._deadline)
            except ClientError as error:
                if error_code(error) in ABSENT:
                    return None
                raise

    def _put_once(self, key: str, body: bytes) -> bool:
        """Write an object that does not exist. False if it does."""
        with translated("s3:PutObject", self._name(key)):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
            except ClientError as error:
                if error_code(error) in UNMET:
                    return False
                if error_code(error) in RACING:
                    raise Transient(
                        f"s3://{self._bucket}/{key} is being written by another one now."
                    ) from error
                raise
        return True


def _version_key(manifest: ArtifactManifest) -> str:
    return f"versions/{manifest.component}/{manifest.version}.json"


def _claim(manifest: ArtifactManifest) -> bytes:
    return _Claim(digest=manifest.digest).model_dump_json().encode()


def _json(value: Value) -> bytes:
    return json.dumps(value.to_json(), indent=2, sort_keys=True).encode()
