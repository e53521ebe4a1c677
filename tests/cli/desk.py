"""Somebody at a keyboard in front of a whole platform in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from reconciler.adapters.memory import MemoryClock, MemoryTickQueue
from reconciler.adapters.queue_probe import QueueSeen
from reconciler.cli.context import Given
from reconciler.cli.main import app
from reconciler.cli.platform import Person
from reconciler.core.identity import release_id, sha256
from reconciler.engine.world import World
from reconciler.model.component import Component
from reconciler.model.errors import ReconcilerError, Terminal
from reconciler.model.release import Archive, ReleaseManifest, SealedDag
from reconciler.ports import Alarms, ArtifactStore, Clock, EnvironmentRepo, StateStore
from tests.builders import tar_gz
from tests.engine.scene import Scene

PERSON = Person("Ana", "ana@example.com")


@dataclass
class TwinPlatform:
    """The command line's world, made of a scene's twins; what a test changes is a field."""

    scene: Scene
    names: tuple[str, ...] = ("dev",)
    caller: Person | ReconcilerError = PERSON
    key: str = ""
    git: str = "git version 2.39.5"
    airflow: str = "3.0.6"
    server_time: datetime | None = None
    settings_error: ReconcilerError | None = None
    import_error: str = ""
    known_alarms: tuple[str, Alarms] | None = None
    heard: tuple[str, ...] = ()
    committed_by: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ticks = MemoryTickQueue(self.scene.clock)

    def environments(self) -> tuple[str, ...]:
        if self.settings_error is not None:
            raise self.settings_error
        return self.names

    def world(self) -> World:
        return self.scene.world_of("cli")

    def clock(self) -> Clock:
        return self.scene.clock

    def store(self) -> StateStore:
        return self.scene.store

    def artifacts(self) -> ArtifactStore:
        return self.scene.artifacts

    def queue(self) -> MemoryTickQueue:
        return self.ticks

    def look_at_queue(self) -> QueueSeen:
        return QueueSeen(len(self.ticks.asked), 0, self.server_time)

    def alarms(self) -> tuple[str, Alarms] | None:
        return self.known_alarms

    def heard_alarms(self) -> tuple[str, ...]:
        return self.heard

    def git_version(self) -> str:
        return self.git

    def repo(self, person: Person | None = None) -> EnvironmentRepo:
        if person is not None:
            self.committed_by.append(person)
        return self.scene.repo

    def person(self) -> Person:
        if isinstance(self.caller, ReconcilerError):
            raise self.caller
        return self.caller

    def signing_key(self) -> str:
        return self.key or self.person().email

    def airflow_version(self, python: Path) -> str:
        return self.airflow

    def seal(
        self,
        archives: Mapping[Component, bytes],
        digests: Mapping[Component, str],
        python: Path,
        airflow: str,
    ) -> tuple[ReleaseManifest, bytes]:
        if self.import_error:
            raise Terminal(self.import_error, "Correct these, and publish a new version.")
        body = tar_gz({"dags/films.py": b"".join(archives.values())})
        manifest = ReleaseManifest(
            id=release_id(digests),
            components=dict(digests),
            archive=Archive(sha256=sha256(body), size=len(body)),
            airflow_version=airflow,
            python_version="3.11",
            dags={"films": SealedDag(file="dags/films.py", fingerprint=sha256(body)[:32])},
        )
        return manifest, body


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


class BusyClock(MemoryClock):
    """A clock while whose sleeper sleeps things happen, one each time."""

    def __init__(self) -> None:
        super().__init__()
        self.happenings: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.happenings:
            self.happenings.pop(0)()


@dataclass
class Desk:
    """Runs commands on a platform; ``interactive`` and ``terminal`` as on one, or not."""

    interactive: bool = False
    terminal: bool | None = None

    def __post_init__(self) -> None:
        self.clock = BusyClock()
        self.scene = Scene(clock=self.clock)
        self.platform = TwinPlatform(self.scene)

    def run(self, *arguments: str, stdin: str = "", env: Mapping[str, str | None] | None = None) -> Answer:
        """Run a command and see what comes of it."""
        given = Given(self.platform, self.interactive, self.terminal)
        variables = {"COLUMNS": "200", "RECONCILER_AIRFLOW_PYTHON": None, **(env or {})}
        result = CliRunner().invoke(app, list(arguments), input=stdin, obj=given, env=variables)
        return Answer(result.exit_code, result.stdout, result.stderr)

    def json(self, *arguments: str) -> Any:
        """The document of a command that ends well."""
        answer = self.run(*arguments, "--output", "json")
        assert answer.code == 0, answer
        return answer.json

    def meanwhile(self, *happenings: Callable[[], object]) -> None:
        """Let things happen, one each time that a command sleeps."""
        self.clock.happenings += happenings
