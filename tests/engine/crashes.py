"""Death at a chosen call of the outside, or a call whose answer is lost, over as many ticks as it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from reconciler.engine.world import World
from reconciler.model.environment import Environment
from reconciler.model.errors import Transient
from reconciler.ports import Target
from reconciler.targets.airflow_dags import AirflowDags
from reconciler.targets.release_archives import ReleaseArchives
from tests.engine.scene import SUPPORT, Scene


class Died(BaseException):
    """The process is gone. Not an Exception: nothing may catch it and tidy up."""


class Fate(StrEnum):
    """What happens at the chosen call."""

    BEFORE = "killed before the effect"
    AFTER = "killed after the effect, before anybody knows"
    LOST_ANSWER = "the effect happens and the caller is told of a timeout"
    UNREACHED = "the effect does not happen and the caller is told of a timeout"


@dataclass
class Fuse:
    """Burns at the ``at``-th call (from 0) of anything it guards; never, if that many are not made."""

    at: int
    fate: Fate = Fate.BEFORE
    calls: int = 0

    def guard(self, twin: Any) -> Any:
        """The twin, with every call counted."""
        return _Guarded(twin, self)

    def burn(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make one call, or meet one's fate at it."""
        number, self.calls = self.calls, self.calls + 1
        kills = self.fate in (Fate.BEFORE, Fate.AFTER)
        if number > self.at and kills:
            raise Died  # a dead process makes no calls, not even in a ``finally``
        if number == self.at and self.fate is Fate.BEFORE:
            raise Died
        if number == self.at and self.fate is Fate.UNREACHED:
            raise Transient("It did not answer.")
        result = call(*args, **kwargs)
        if number == self.at and self.fate is Fate.AFTER:
            raise Died
        if number == self.at and self.fate is Fate.LOST_ANSWER:
            raise Transient("It did not answer.")
        return result


class _Guarded:
    def __init__(self, twin: Any, fuse: Fuse) -> None:
        self._twin = twin
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._twin, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._fuse.burn(found, *args, **kwargs)


def guarded(scene: Scene, fuse: Fuse) -> World:
    """A scene's world, every call of it counted by a fuse."""

    def target(environment: Environment) -> Target:
        return AirflowDags(
            fuse.guard(scene.folder),
            fuse.guard(scene.airflow),
            ReleaseArchives(fuse.guard(scene.artifacts)),
            SUPPORT,
            scene.clock,
        )

    return replace(
        scene.world_of("doomed"),
        repo=fuse.guard(scene.repo),
        artifacts=fuse.guard(scene.artifacts),
        store=fuse.guard(scene.store),
        bus=fuse.guard(scene.bus),
        target=target,
    )
