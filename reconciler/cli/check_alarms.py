"""The checks of ``reconciler doctor`` on what takes a release back by itself: who may, and which alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.output import when
from reconciler.model.errors import Terminal

if TYPE_CHECKING:
    from reconciler.cli.platform import Platform
    from reconciler.model.environment import Desired, Environment


def who_reverts(platform: Platform, desired: Desired) -> str:
    """Whose commits take a release back. ``Terminal`` if nobody's would be accepted."""
    from reconciler.core.signers import valid_keys
    from reconciler.model.reason import ConditionType

    name = desired.environment.name
    if not desired.environment.health.revert.automatic:
        return "nobody: health.revert.automatic is off, an alarm only tells people"
    if desired.reverter is None:
        raise Terminal(
            f"An alarm takes nothing back in {name}: no identity reverts.",
            "Three steps: a key in the stack's secret, its address in reconciler.yaml and allowed_signers, a "
            "token that pushes (docs/spec/reconciler.md#the-identity-that-reverts). Or turn "
            "health.revert.automatic off.",
        )
    if not valid_keys(desired.signers, desired.reverter, platform.clock().now()):
        raise Terminal(
            f"{desired.reverter} has no valid key in allowed_signers: what it commits is refused.",
            "Add its public key to allowed_signers, by a signed commit.",
        )
    tried, state = "not tried yet", platform.store().load(name)
    found = state.conditions.get(ConditionType.REVERTIBLE)
    if found is not None and state.revert_tried_at is not None:
        if found.status is False:
            raise Terminal(found.message, "When that is so, it is tried again within the hour.")
        tried = f"its key, its token and the branch were tried {when(state.revert_tried_at)}"
    return f"{desired.reverter}, whose key is in allowed_signers; {tried}"


def alarms(platform: Platform, environment: Environment) -> str:
    """The alarms that may take a release back. ``Terminal`` if one is not there, or starts nothing."""
    known = platform.alarms()
    if known is None:
        raise Terminal(
            "Which alarms there are is not known: the stack is not named.",
            "Set RECONCILER_STACK to the name of the CloudFormation stack.",
        )
    stack, store = known
    names = (f"{stack}-{environment.name}", *environment.health.revert.alarms)
    found = {name: store.find(name) for name in names}
    missing = [name for name, alarm in found.items() if alarm is None]
    if missing:
        raise Terminal(
            f"There is no alarm {', '.join(missing)}: nothing is taken back for it.",
            "Deploy the stack with this environment, or correct health.revert.alarms.",
        )
    own = environment.health.revert.alarms
    heard = platform.heard_alarms() if own else ()
    deaf = [name for name in own if name not in heard]
    if deaf:
        raise Terminal(
            f"The stack does not hear of {', '.join(deaf)}: nothing is taken back when it goes off.",
            f"Deploy the stack {stack} with its parameter RevertAlarms set to all such alarms of all "
            f"environments, besides these: {','.join(sorted({*heard, *own}))}.",
        )
    return ", ".join(f"{one.name} {one.value.value} since {when(one.since)}" for one in found.values() if one)
