"""What a check saw when it held: recorded from the real outside, replayed with a fault in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.demo.checks.check import Check, Judgement
from local.demo.story import Story

Calls = dict[tuple[Any, ...], Any]


class Tape:
    """An `Outside` that passes every question on and writes down the answer."""

    def __init__(self, outside: Any) -> None:
        self.outside = outside
        self.calls: Calls = {}

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any) -> Any:
            answer = getattr(self.outside, name)(*arguments)
            self.calls[name, *arguments] = answer
            return answer

        return ask


@dataclass(frozen=True)
class Replay:
    """An `Outside` that gives the recorded answers."""

    calls: Calls

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls[name, *arguments]

    def with_answer(self, name: str, change: Callable[[Any], Any]) -> Replay:
        """The same, where the answer to one question is another."""
        asked = [call for call in self.calls if call[0] == name]
        assert asked, f"the check never asked for {name}"
        return Replay(self.calls | {call: change(self.calls[call]) for call in asked})

    def with_answer_to(self, call: tuple[Any, ...], change: Callable[[Any], Any]) -> Replay:
        """The same, where the answer to this one question is another."""
        assert call in self.calls, f"the check never asked for {call}"
        return Replay(self.calls | {call: change(self.calls[call])})


@dataclass(frozen=True)
class Evidence:
    """A check that held: what was expected, and what it saw of the outside."""

    check: Check[Any]
    expected: Any
    outside: Replay

    def judge(self) -> Judgement:
        """Judge it again."""
        return self.check.judge(self.outside, self.expected)

    def but(self, name: str, change: Callable[[Any], Any]) -> Evidence:
        """With another answer of the outside."""
        return replace(self, outside=self.outside.with_answer(name, change))

    def but_only(self, call: tuple[Any, ...], change: Callable[[Any], Any]) -> Evidence:
        """With another answer to this one question: its name and its arguments."""
        return replace(self, outside=self.outside.with_answer_to(call, change))

    def expecting(self, **changes: Any) -> Evidence:
        """For checks of something that was recorded by the scene itself: with another record."""
        return replace(self, expected=replace(self.expected, **changes))


@dataclass
class RecordedStory(Story):
    """A story that keeps the evidence of each check that held."""

    evidence: dict[str, Evidence] = field(default_factory=dict)

    def look_at(self, check: Check[Any], expected: Any) -> Judgement:
        tape = Tape(self.outside)
        judgement = check.judge(tape, expected)
        if judgement.held:
            self.evidence[check.name] = Evidence(check, expected, Replay(tape.calls))
        return judgement


def without(items: Sequence[Any], wanted: Callable[[Any], bool]) -> list[Any]:
    """The items that are not wanted."""
    return [item for item in items if not wanted(item)]
