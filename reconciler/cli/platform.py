"""What the commands need of the world. ``Live`` takes it from ``bootstrap``; tests give one of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reconciler.adapters.queue_probe import QueueSeen
    from reconciler.engine.world import World
    from reconciler.model.component import Component
    from reconciler.model.release import ReleaseManifest
    from reconciler.ports import Alarms, ArtifactStore, Clock, EnvironmentRepo, StateStore, TickQueue


@dataclass(frozen=True)
class Person:
    """Who makes a commit. ``key``: the SSH key that signs it; empty: none does."""

    name: str
    email: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Platform(Protocol):
    """The world of one invocation."""

    def environments(self) -> Sequence[str]:
        """The names of all environments."""

    def world(self) -> World:
        """What a tick would work with."""

    def clock(self) -> Clock: ...

    def store(self) -> StateStore: ...

    def artifacts(self) -> ArtifactStore: ...

    def queue(self) -> TickQueue: ...

    def look_at_queue(self) -> QueueSeen:
        """How the queue is. ``Terminal`` if it is not there."""

    def alarms(self) -> tuple[str, Alarms] | None:
        """The name of the stack, and the alarms of its account; None where the stack is not named."""

    def heard_alarms(self) -> Collection[str]:
        """The alarms of people's own of which that stack hears."""

    def git_version(self) -> str:
        """``git version 2.39.5``; empty if it does not run. ``Terminal`` if there is no git."""

    def repo(self, person: Person | None = None) -> EnvironmentRepo:
        """The environment repo; commits are made by ``person``."""

    def person(self) -> Person:
        """The caller, as Git knows them, with a key if they sign commits. ``Terminal`` if Git does not."""

    def signing_key(self) -> str:
        """The caller's SSH key, as Git knows it. ``Terminal`` if Git does not."""

    def airflow_version(self, python: Path) -> str:
        """The version of Airflow that an interpreter has. ``Terminal`` if it has none."""

    def seal(
        self,
        archives: Mapping[Component, bytes],
        digests: Mapping[Component, str],
        python: Path,
        airflow: str,
    ) -> tuple[ReleaseManifest, bytes]:
        """Parse a combination with an interpreter's Airflow. ``Terminal`` if it does not import."""


class Live:
    """The world as the environment's settings say."""

    def environments(self) -> Sequence[str]:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.settings().environments

    def world(self) -> World:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.world("cli")

    def clock(self) -> Clock:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.clock()

    def store(self) -> StateStore:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.store()

    def artifacts(self) -> ArtifactStore:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.artifacts()

    def queue(self) -> TickQueue:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.queue()

    def look_at_queue(self) -> QueueSeen:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.look_at_queue()

    def alarms(self) -> tuple[str, Alarms] | None:
        """See ``Platform``."""
        from reconciler import bootstrap

        lookout = bootstrap.lookout("cli")
        return (lookout.stack, lookout.alarms) if lookout.stack else None

    def heard_alarms(self) -> Collection[str]:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.heard_alarms()

    def git_version(self) -> str:
        """See ``Platform``."""
        from reconciler.cli.git_person import git

        return git("--version")

    def repo(self, person: Person | None = None) -> EnvironmentRepo:
        """See ``Platform``."""
        from reconciler import bootstrap

        return bootstrap.repo((person.name, person.email, person.key)) if person else bootstrap.repo()

    def person(self) -> Person:
        """See ``Platform``."""
        from reconciler.cli.git_person import git_person

        return git_person()

    def signing_key(self) -> str:
        """See ``Platform``."""
        from reconciler.cli.git_person import signing_key

        return signing_key()

    def airflow_version(self, python: Path) -> str:
        """See ``Platform``."""
        from reconciler.cli.interpreters import airflow_version

        return airflow_version(python)

    def seal(
        self,
        archives: Mapping[Component, bytes],
        digests: Mapping[Component, str],
        python: Path,
        airflow: str,
    ) -> tuple[ReleaseManifest, bytes]:
        """See ``Platform``."""
        from reconciler.build.seal import seal

        return seal(archives, digests, python, airflow)
