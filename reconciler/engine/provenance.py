"""Who signed what an environment's files say. Shared by what admits a commit and what reads its holds."""

from __future__ import annotations

from reconciler.core.gates.source import source, to_sign
from reconciler.core.signers import still_valid
from reconciler.engine.world import World
from reconciler.model.environment import Desired
from reconciler.model.verdict import Verdict


def verified_source(
    world: World, before: Desired | None, since: str | None, after: Desired, until: str
) -> Verdict:
    """What the signatures come to of going from what is in force since one commit to what another says.

    Rules and keys are those in force; of the very first commit (``before`` and ``since`` None) its own.
    """
    in_force = before if before is not None else after
    policy = in_force.environment.policy.source
    if not policy.signed:
        return source(policy, {})
    signers = still_valid(in_force.signers, world.clock.now())
    newest = {
        path: next(iter(world.repo.changes(since, until, [path], signers, newest=1)), None)
        for path in to_sign(before, after)
    }
    return source(policy, newest)
