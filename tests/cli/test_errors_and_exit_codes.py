"""Every kind of error ends with its exit code, what was wrong and what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.model.errors import Conflict, InvalidInput, ReconcilerError, Terminal, Transient, Waiting
from reconciler.model.reason import Reason
from tests.cli.desk import Desk

ERRORS = [
    (Terminal("It is wrong.", "Change it."), 3),
    (InvalidInput(("a.yaml:1: x", "b.yaml:2: y"), "Change them."), 3),
    (Waiting("Too early.", datetime(2026, 11, 21, tzinfo=UTC), Reason.PROGRESSING, "Wait."), 4),
    (Transient("No answer."), 5),
    (Conflict("Somebody was first.", "Look again."), 6),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_each_kind(desk: Desk, error: ReconcilerError, code: int) -> None:
    desk.scene.store.fail_next("operations", error)
    answer = desk.run("history", "dev")

    assert answer.code == code
    assert answer.err.startswith("error: ")
    assert f"→ {_remedy(error)}" in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_each_kind_as_json(desk: Desk, error: ReconcilerError, code: int) -> None:
    desk.scene.store.fail_next("operations", error)
    answer = desk.run("history", "dev", "-o", "json")

    assert answer.code == code
    assert answer.json["error"]["exitCode"] == code
    assert answer.json["error"]["message"] == error.message
    assert answer.json["error"]["remedy"] == _remedy(error)
    assert answer.json["error"]["reason"] == error.reason.value
    assert "error: " in answer.err


def test_several_problems_are_listed(desk: Desk) -> None:
    desk.scene.store.fail_next("operations", ERRORS[1][0])

    assert (
        desk.run("history", "dev").err == "error: 2 problems\n  a.yaml:1: x\n  b.yaml:2: y\n→ Change them.\n"
    )


def test_a_bug_shows_where(desk: Desk) -> None:
    desk.scene.store.fail_next("operations", ValueError("seven"))

    answer = desk.run("history", "dev")

    assert answer.code == 1
    assert "Traceback" in answer.err
    assert "error: unexpected ValueError: seven" in answer.err
    assert "This is a bug of reconciler" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("status", "--nonsense"),
        ("plan",),
        ("build",),
        ("build", "tests", "--version", "1.0.0"),
        ("status", "-o", "yaml"),
        ("wait", "dev", "--timeout", "soon"),
        ("events", "dev", "--limit", "0"),
    ],
)
def test_a_wrong_command_line(desk: Desk, arguments: tuple[str, ...]) -> None:
    answer = desk.run(*arguments)

    assert answer.code == 2
    assert answer.out == ""
    assert answer.err


def test_a_pipe_that_is_closed_is_no_bug(desk: Desk) -> None:
    desk.scene.store.fail_next("operations", BrokenPipeError(32, "Broken pipe"))

    answer = desk.run("history", "dev")

    assert "bug" not in answer.err
    assert "Traceback" not in answer.err


def _remedy(error: ReconcilerError) -> str:
    """A tick is tried again by itself; a command is not."""
    if isinstance(error, Transient):
        return "Run it again in a moment. `reconciler doctor` tries everything that the commands need."
    return error.remedy
