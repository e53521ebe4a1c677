"""Who stands behind what an environment's files say. For what admits a commit, and what reads its holds."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.declarations import parse_desired
from reconciler.core.gates.reverter import Asked, addresses_of, is_by, within_bounds
from reconciler.core.gates.source import source, to_sign
from reconciler.core.signers import still_valid
from reconciler.engine.world import World
from reconciler.model.environment import Desired
from reconciler.model.errors import Terminal
from reconciler.model.observation import Commit
from reconciler.model.release import ReleaseId
from reconciler.model.verdict import Verdict
from reconciler.model.watch import Stable


@dataclass(frozen=True)
class Proven:
    """What may be gone back to: the releases that were Stable here, and the one that is asked for."""

    stable: Sequence[Stable] = ()
    release: ReleaseId | None = None


def verified_source(
    world: World,
    before: Desired | None,
    since: str | None,
    after: Desired,
    until: str,
    proven: Proven | None = None,
) -> Verdict:
    """What the signatures come to of going from what is in force since one commit to what another says.

    Rules and keys are those in force; of the very first commit (``before`` and ``since`` None) its own. Of
    the identity that reverts nothing is taken but what is ``proven``, also where nobody has to sign.
    """
    in_force = before if before is not None else after
    policy, reverter = in_force.environment.policy.source, addresses_of(in_force)
    if not policy.signed and not reverter:
        return source(policy, {})
    signers = still_valid(in_force.signers, world.clock.now())
    newest = {
        path: next(iter(world.repo.changes(since, until, [path], signers, newest=1)), None)
        for path in to_sign(before, after)
    }
    refused = _bounds(world, Asked(before, after, newest, {}, False), reverter, proven or Proven())
    return refused or source(policy, newest)


def _bounds(world: World, asked: Asked, reverter: frozenset[str], proven: Proven) -> Verdict | None:
    """What the reverter asks for and may not. Git is asked for more only if it asks for anything."""
    ours: dict[str, Commit] = {
        commit.sha: commit for commit in asked.changed.values() if commit and is_by(commit, reverter)
    }
    if not ours:
        return None
    touched: Mapping[str, Sequence[str] | None] = {sha: world.repo.touched(sha) for sha in ours}
    restores = _restores(world, asked.after, proven)
    return within_bounds(Asked(asked.before, asked.after, asked.changed, touched, restores), reverter)


def _restores(world: World, after: Desired, proven: Proven) -> bool:
    """Does the pointer say, word for word, what made a release Stable here?"""
    for one in proven.stable:
        if one.release == proven.release:
            with contextlib.suppress(Terminal):
                files = world.repo.files(one.revision)
                return parse_desired(files, after.environment.name).pointer == after.pointer
    return False
