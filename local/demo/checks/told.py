"""What a person is told: by the events, by the command line, by the webhook's answer."""

from __future__ import annotations

from dataclasses import dataclass

from local.demo.checks.check import Judgement, listing
from local.demo.outside import Event, Outside


@dataclass(frozen=True)
class Words:
    """An event that has to have come after number `after`: its reason, and words of its message."""

    after: int
    reason: str
    words: tuple[str, ...] = ()
    environment: str = "dev"


@dataclass(frozen=True)
class Times:
    """How often an event of a reason has to have come after number `after`."""

    after: int
    reason: str
    times: int
    environment: str = "dev"


@dataclass(frozen=True)
class Refusal:
    """How a command ended, and what a refusal has to say."""

    exit_code: int
    output: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Answers:
    """HTTP statuses of webhooks, and the one that all should have."""

    statuses: tuple[int, ...]
    wanted: int


def told(outside: Outside, expected: tuple[Words, ...]) -> Judgement:
    """For each of these there is an event with all the words. Counts the events that were found."""
    events = {name: outside.events(name) for name in {words.environment for words in expected}}
    missing = [
        words for words in expected if not any(_says(event, words) for event in events[words.environment])
    ]
    wanted = "; ".join(f"{words.reason} with {', '.join(words.words) or 'any text'}" for words in missing)
    return Judgement(not missing, len(expected) - len(missing), f"no event says: {wanted}")


def told_times(outside: Outside, expected: Times) -> Judgement:
    """It was told so often, and not once more. Counts the events."""
    events = outside.events(expected.environment)
    found = [one for one in events if one.sequence > expected.after and one.reason == expected.reason]
    why = f"{expected.reason} was told {len(found)} times"
    return Judgement(len(found) == expected.times, len(found), why)


def shown(outside: Outside, words: tuple[str, ...]) -> Judgement:
    """`reconciler status` says all these words. Counts those that it says."""
    said = " ".join(outside.status().split())
    missing = [word for word in words if word not in said]
    return Judgement(
        bool(words) and not missing, len(words) - len(missing), f"not a word of: {listing(missing)}"
    )


def refused(outside: Outside, expected: Refusal) -> Judgement:  # noqa: ARG001
    """The command failed with the code for "a person has to change it" and said these words."""
    missing = [word for word in expected.words if word not in expected.output]
    held = expected.exit_code == INVALID and not missing
    found = f"exit code {expected.exit_code}" + (
        f", and not a word of {', '.join(missing)}" if missing else ""
    )
    return Judgement(held, expected.exit_code, found)


def answered(outside: Outside, expected: Answers) -> Judgement:  # noqa: ARG001
    """Every webhook was answered so. Counts those that were."""
    right = sum(status == expected.wanted for status in expected.statuses)
    held = bool(expected.statuses) and right == len(expected.statuses)
    return Judgement(held, right, f"answers: {', '.join(map(str, expected.statuses))}")


INVALID = 3
"""Exit code: "a file, version or setting is wrong: a person has to change it" (docs/cli.md)."""


def _says(event: Event, words: Words) -> bool:
    new = event.sequence > words.after and event.reason == words.reason
    return new and all(word in event.message for word in words.words)
