"""A live environment that bad input meets, and what has to come of it whatever the input is.

Every table of this folder is made of ``Case``: an input, how the tick ends, the reason and severity of the
event, words that people read in the event and at the command line, and the exit code there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.cli.exit_codes import ExitCode
from reconciler.engine.world import Outcome
from reconciler.model.event import Event
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.ports import DagFolder
from tests.cli.desk import Answer, Desk
from tests.engine.scene import Scene

INVALID, OUTSIDE = ExitCode.INVALID, ExitCode.OUTSIDE

LIVE = {"one": "graph: a", "two": "graph: b"}
NEXT = {"one": "other graph: a", "two": "other graph: b"}
"""Another graph, so that Airflow has to be asked for runs in flight."""


class Stage:
    """Release 1.0.0 is live in dev and was told; 1.1.0 is published. ``desk`` is somebody at a keyboard."""

    def __init__(self) -> None:
        self.desk = Desk()

    @property
    def scene(self) -> Scene:
        """The platform in memory, parts of which a test replaces by real ones."""
        return self.desk.scene

    def replace(self, **parts: Any) -> None:
        """Put something real in the place of a twin: ``repo``, ``artifacts``, ``folder``, ``airflow``, …"""
        for name, part in parts.items():
            setattr(self.scene, name, part)
        self.scene.world = self.scene.world_of("tick")

    def begin(self) -> None:
        """Deploy what is live before the bad input comes."""
        self.scene.deploy("1.0.0", LIVE)
        self.scene.publish("1.1.0", NEXT)
        settled = self.scene.tick()
        assert settled.outcome is Outcome.IDLE, settled
        assert {event.severity for event in self.scene.events} == {Severity.INFO}

    def eyes(self) -> DagFolder:
        """The DAG folder, seen past every fault."""
        return self.scene.folder

    def live(self) -> Mapping[str, object]:
        """What must not be touched: the files that Airflow reads, and what we remember as live."""
        pointers = {key: etag for key, etag in self.eyes().list().items() if key.endswith(".py")}
        releases = {dag_id: dag.pointer.release for dag_id, dag in self.scene.state.live.items()}
        return {"pointers": pointers, "releases": releases}

    def command(self, *arguments: str) -> Answer:
        """A command with one JSON document."""
        return self.desk.run(*arguments, "-o", "json")


@dataclass(frozen=True)
class Case:
    """One bad input and what has to come of it; ``says`` are in the event and in the command's error."""

    spoil: Callable[[Stage], None]
    says: tuple[str, ...]
    reason: Reason
    outcome: Outcome = Outcome.STALLED
    severity: Severity = Severity.ERROR
    exit_code: int = INVALID
    command: tuple[str, ...] = ("plan", "dev")
    says_what_to_do: str = "nothing"
    mend: Callable[[Stage], None] = field(default=lambda stage: None)

    def play(self, stage: Stage) -> None:
        """The whole story: bad input, its telling, the command line, another minute, the mending."""
        before, told = stage.live(), len(stage.scene.events)
        self.spoil(stage)
        result = stage.scene.tick()

        assert result.outcome is self.outcome, result
        assert stage.live() == before, "what is live was touched"
        news = stage.scene.events[told:]
        assert self._tells(news), [(event.reason, event.severity, event.message) for event in news]
        self._at_the_command_line(stage)
        self._told_once(stage)
        assert stage.live() == before, "what is live was touched by the second try"

        self.mend(stage)
        recovered(stage)

    def _tells(self, news: list[Event]) -> list[Event]:
        return [
            event
            for event in news
            if (event.reason, event.severity) == (self.reason, self.severity)
            and all(words in event.message for words in self.says)
        ]

    def _at_the_command_line(self, stage: Stage) -> None:
        answer = stage.command(*self.command)
        assert answer.code == self.exit_code, answer
        if answer.code == ExitCode.OK:
            # Not this command's own trouble: it shows what the tick has told.
            assert all(json.dumps(words, ensure_ascii=False)[1:-1] in answer.out for words in self.says)
            return
        error = answer.json["error"]
        assert all(words in error["message"] + error["remedy"] for words in self.says), error
        assert error["remedy"] or self.says_what_to_do in error["message"], "what to do next is said"
        assert error["exitCode"] == self.exit_code

    def _told_once(self, stage: Stage) -> None:
        told = len(stage.scene.events)
        stage.scene.clock.advance(60)
        assert stage.scene.tick().outcome is self.outcome
        again = [(event.reason, event.message) for event in stage.scene.events[told:]]
        assert not again, "the same trouble is told once"


def recovered(stage: Stage) -> None:
    """A good commit goes live after all, and nothing is left that says otherwise."""
    stage.scene.clock.advance(60)
    stage.scene.push("1.1.0")
    outcomes = [stage.scene.tick().outcome]
    while outcomes[-1] is not Outcome.IDLE and len(outcomes) < 6:
        stage.scene.clock.advance(60)
        outcomes.append(stage.scene.tick().outcome)
    assert Outcome.APPLIED in outcomes, outcomes
    assert outcomes[-1] is Outcome.IDLE, outcomes
    for kind in (ConditionType.STALLED, ConditionType.FETCH_FAILED):
        condition = stage.scene.state.conditions.get(kind)
        assert condition is None or not condition.status, condition
