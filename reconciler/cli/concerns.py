"""Which conditions of an environment need somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.reason import ConditionType, Reason

if TYPE_CHECKING:
    from reconciler.model.state import Condition, EnvironmentState

# A condition is of concern unless it has the value that it has when all is well.
_WELL = {
    ConditionType.READY: True,
    ConditionType.RECONCILING: False,
    ConditionType.STALLED: False,
    ConditionType.SOURCE_VERIFIED: True,
    ConditionType.ADMITTED: True,
    ConditionType.PROMOTING: True,
    ConditionType.FETCH_FAILED: False,
    ConditionType.DRIFTED: False,
    ConditionType.HEALTHY: True,
    ConditionType.QUIESCED: True,
    ConditionType.FENCED: False,
    ConditionType.REACHABLE: True,
}

_NOT_WELL = (Reason.HEALTH_CHECK_FAILED, Reason.HEALTH_UNKNOWN)
"""Why ``Baked`` is of concern: a release that is only not Stable yet is none."""

_BROAD = (ConditionType.READY, ConditionType.SOURCE_VERIFIED)


def concerns(state: EnvironmentState) -> list[Condition]:
    """The conditions that are not as they are when all is well."""
    return [one for kind, one in state.conditions.items() if not _is_well(kind, one)]


def _is_well(kind: ConditionType, condition: Condition) -> bool:
    if kind is ConditionType.REVERTIBLE:
        return condition.status is not False
    if kind is ConditionType.BAKED:
        return condition.reason not in _NOT_WELL
    return condition.status is _WELL[kind]


def told(state: EnvironmentState) -> list[Condition]:
    """Those of them that say something of their own: ``Ready`` often repeats what another is about."""
    found: dict[str, Condition] = {}
    for one in sorted(concerns(state), key=lambda one: one.type in _BROAD):
        found.setdefault(one.message, one)
    return list(found.values())
