"""What the branch asks for, and what could be gone back to: read, never written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.declarations import parse_desired
from reconciler.core.pointer_file import release_key
from reconciler.core.reversal import Tip, irreversible, since_then, stable_before
from reconciler.engine.desired import check_deployable, check_descends, check_repeats, differing, sealed
from reconciler.engine.world import World
from reconciler.model.artifact import Migration
from reconciler.model.environment import Desired
from reconciler.model.errors import Terminal
from reconciler.model.release import ReleaseId, ReleaseManifest
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Stable, Watch


@dataclass(frozen=True)
class WayBack:
    """The tip, and the bytes that take it back: of the pointer as it was, of ``holds.yaml`` as it is.

    ``holds`` None: there is no such file. ``versions``: what that pointer names. ``changed``: the DAGs that
    the tip has otherwise than what is gone back to.
    """

    tip: Tip
    pointer: bytes = b""
    holds: bytes | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()


def look_at_tip(world: World, state: EnvironmentState, watch: Watch) -> WayBack:
    """The tip as it is, and the last Stable release before the one under watch that is still there."""
    revision, name = world.repo.tip(), state.environment
    try:
        check_descends(world.repo, state, revision)
        files = world.repo.files(revision)
        desired = parse_desired(files, name)
        release = sealed(world, desired.pointer, name)
    except Terminal as error:
        return WayBack(Tip(revision, None, None, flaw=str(error)))
    for target, pointer, after, manifest in _still_there(world, state, watch, files):
        stay = _irreversible(world, manifest, since_then(state, watch.release, target.release))
        return WayBack(
            Tip(revision, release.id, target, desired.holds, stay),
            pointer,
            files.get(f"{name}/holds.yaml"),
            {part.value: pin.version for part, pin in after.pointer.components.items()},
            frozenset(differing(manifest, release)),
        )
    return WayBack(Tip(revision, release.id, None, desired.holds))


def _still_there(
    world: World, state: EnvironmentState, watch: Watch, files: Mapping[str, bytes]
) -> Iterator[tuple[Stable, bytes, Desired, ReleaseManifest]]:
    """The Stable releases that can be gone back to, newest first, each with its pointer and its manifest."""
    name = state.environment
    for one in stable_before(state, watch.release):
        with contextlib.suppress(Terminal):
            pointer = world.repo.files(one.revision).get(f"{name}/pointer.yaml", b"")
            after = parse_desired({**files, f"{name}/pointer.yaml": pointer}, name)
            manifest = sealed(world, after.pointer, name)
            check_deployable(manifest, after)
            check_repeats(world, state, manifest, after)
            if release_key(manifest.id) not in state.files:
                world.artifacts.open_release(manifest.id)
            if manifest.id == one.release:
                yield one, pointer, after, manifest


def _irreversible(world: World, kept: ReleaseManifest, others: tuple[ReleaseId, ...]) -> tuple[str, ...]:
    """The migrations of releases that came since, which stay whatever is gone back to."""
    found = (world.artifacts.release(one) for one in others)
    since = [migration for one in found if one is not None for migration in _migrations(world, one, kept)]
    return irreversible(_migrations(world, kept), since)


def _migrations(
    world: World, release: ReleaseManifest, besides: ReleaseManifest | None = None
) -> Iterator[Migration]:
    """Those of a release's artifacts, but for the artifacts that it shares with another one."""
    for component, digest in release.components.items():
        if besides is not None and besides.components.get(component) == digest:
            continue
        with contextlib.suppress(Terminal):
            yield from world.artifacts.manifest(component, digest).migrations
