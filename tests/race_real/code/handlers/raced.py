"""The function `reconcile`, where asked with a safeguard missing.

Lies in the code folder of the race's stack beside the project's own handlers, which it calls. With the
variable RACE_DUE_AT_ONCE, a release is due from its write, not when every container has it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from handlers import reconcile
from reconciler import bootstrap
from reconciler.model.environment import Environment
from reconciler.model.plan import Flip, FlipBatch, Step
from reconciler.model.state import StepResult
from reconciler.ports import Target

DUE_AT_ONCE = bool(os.environ.get("RACE_DUE_AT_ONCE"))
_target = bootstrap.target


class _DueAtOnce:
    """A target whose newest entries are due from their write. All else is handed on."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def writes(self, step: Step) -> Mapping[str, str | None]:
        """See ``ports.Target``."""
        return self._target.writes(_due_at_once(step))

    def perform(self, step: Step, *rest: Any) -> StepResult:
        """See ``ports.Target``."""
        return self._target.perform(_due_at_once(step), *rest)


def _due_at_once(step: Step) -> Step:
    if not isinstance(step, FlipBatch):
        return step
    return step.model_copy(update={"flips": tuple(_earlier(flip, step.seconds) for flip in step.flips)})


def _earlier(flip: Flip, seconds: float) -> Flip:
    newest, *older = flip.pointer.history
    if not flip.new:
        return flip
    history = (newest.model_copy(update={"since": newest.since - timedelta(seconds=seconds)}), *older)
    return flip.model_copy(update={"pointer": flip.pointer.model_copy(update={"history": history})})


def target(environment: Environment) -> Any:
    """See ``bootstrap.target``."""
    found = _target(environment)
    return _DueAtOnce(found) if DUE_AT_ONCE else found


bootstrap.target = target
handler = reconcile.handler
