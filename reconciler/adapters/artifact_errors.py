"""What the artifact store says when it refuses; shared with its twin, so that both say the same."""

from __future__ import annotations

from reconciler.model.artifact import ArtifactManifest
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason


def no_artifact(component: Component, digest: str) -> Terminal:
    """An artifact that was never published."""
    return Terminal(
        f"There is no {component} artifact {digest} in the artifact store.",
        "Publish it with `reconciler publish`, or correct the digest in the pointer.",
        Reason.ARTIFACT_FAILED,
    )


def no_release(release_id: str) -> Terminal:
    """A release that was never sealed, or whose archive is gone."""
    return Terminal(
        f"There is no release {release_id} in the artifact store.",
        "Seal it with `reconciler seal`.",
        Reason.ARTIFACT_FAILED,
    )


def version_taken(manifest: ArtifactManifest, claimed: str) -> Terminal:
    """A version that stands for other bytes already."""
    return Terminal(
        f"{manifest.component} {manifest.version} is published already, with digest {claimed[:16]}…; "
        f"this build has {manifest.digest[:16]}…. A version never changes its meaning.",
        "Publish it under a new version.",
        Reason.ARTIFACT_FAILED,
    )


def not_ours(place: str, why: str) -> Terminal:
    """An object of the store that nothing of ours can have written."""
    return Terminal(
        f"{place} is not what was stored there: {why}.",
        "Find out who wrote it, and restore the object from its older versions.",
        Reason.ARTIFACT_FAILED,
    )
