"""Who took part in a change: in the commits that ask for it, and in the code that it brings or takes away."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.engine.world import World
from reconciler.model.artifact import ArtifactManifest, Digest
from reconciler.model.component import Component
from reconciler.model.observation import Commit
from reconciler.model.release import ReleaseManifest

_FURTHEST = 200
"""Versions that are followed back to find one that two have in common."""


def of_commits(commits: tuple[Commit, ...]) -> frozenset[str]:
    """Authors, co-authors, committers (``Name <email>``) and signers (an address) of commits."""
    people = (
        {commit.author, commit.committer, commit.signer, *commit.co_authors} - {""} for commit in commits
    )
    return frozenset().union(*people)


def of_code(world: World, before: ReleaseManifest | None, after: ReleaseManifest) -> frozenset[str]:
    """The authors of every artifact version that lies between two releases, forwards or back."""
    people: set[str] = set()
    for component, digest in after.components.items():
        old = before.components.get(component) if before is not None else None
        if digest == old:
            continue
        new = {one.digest: one for one in _lineage(world, component, digest)}
        gone = {one.digest: one for one in _lineage(world, component, old)} if old is not None else {}
        for changed in new.keys() ^ gone.keys():
            people.update((new.get(changed) or gone[changed]).authors)
    return frozenset(people)


def _lineage(world: World, component: Component, digest: Digest) -> Iterator[ArtifactManifest]:
    """A version, the version that it was built on, and so on back."""
    found: Digest | None = digest
    for _ in range(_FURTHEST):
        if found is None:
            return
        manifest = world.artifacts.manifest(component, found)
        yield manifest
        found = world.artifacts.resolve(component, manifest.parent) if manifest.parent is not None else None
