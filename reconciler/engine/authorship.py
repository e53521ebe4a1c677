"""Who took part in a change: in the commits that ask for it, and in the code that it brings or takes away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.engine.world import World
from reconciler.model.artifact import Digest
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.observation import Commit
from reconciler.model.release import ReleaseManifest

_FURTHEST = 200
"""Versions that are followed back to find one that two have in common."""


def of_commits(commits: Sequence[Commit]) -> frozenset[str]:
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
        if old is None:
            people.update(world.artifacts.manifest(component, digest).authors)
        elif digest != old:
            people.update(_between(_Lineage(world, component, digest), _Lineage(world, component, old)))
    return frozenset(people)


def _between(new: _Lineage, old: _Lineage) -> Iterator[str]:
    """The authors of the versions that only one of two lineages has; both are followed back in step."""
    for _ in range(_FURTHEST):
        if new.digests & old.digests or not any([new.step(), old.step()]):
            break
    common = new.digests & old.digests
    for lineage in (new, old):
        for digest, authors in lineage.authors.items():
            if digest in common:
                break
            yield from authors


class _Lineage:
    """A version, the version that it was built on, and so on back, as far as it was followed."""

    def __init__(self, world: World, component: Component, digest: Digest) -> None:
        self._world, self._component = world, component
        self._next: Digest | None = digest
        self.authors: dict[Digest, tuple[str, ...]] = {}

    @property
    def digests(self) -> frozenset[Digest]:
        """Of all versions that were come upon, the next one included."""
        return frozenset({*self.authors, *([self._next] if self._next is not None else [])})

    def step(self) -> bool:
        """Follow it one version back; False where it ends."""
        digest = self._next
        if digest is None:
            return False
        try:
            manifest = self._world.artifacts.manifest(self._component, digest)
        except Terminal:
            # Who is named is seen by those who approve; an old version must not hold up a new one.
            self.authors[digest], self._next = (f"whoever made {self._component} {digest[:12]}",), None
            return True
        parent, self.authors[digest] = manifest.parent, manifest.authors
        self._next = self._world.artifacts.resolve(self._component, parent) if parent is not None else None
        return True
