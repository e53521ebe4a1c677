"""Tables and colour on a terminal, plain text in a pipe."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.cli.output import Output, clean, duration, size
from tests.cli.desk import Desk


def test_a_pipe_gets_no_colours_and_no_wrapped_lines(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    for command in ("status", "events", "history", "plan"):
        out = desk.run(command, "dev", env={"COLUMNS": "40"}).out
        assert "\x1b" not in out
    events = desk.run("events", "dev", env={"COLUMNS": "40"}).out.splitlines()
    assert len(events) == 1 + len(desk.scene.events)


def test_a_terminal_gets_colours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    desk.terminal = True
    desk.scene.deploy("1.0.0", {"films": "one"})

    out = desk.run("status", env={"TERM": "xterm-256color"}).out

    assert "\x1b[32mSynced" in out
    assert "ENVIRONMENT" in out


def test_markup_in_text_from_outside_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    Output(terminal=True).table(["message"], [["[red]not[/red] [/bold]"]])

    assert "[red]not[/red] [/bold]" in capsys.readouterr().out


def test_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Output(terminal=False).table(["name", "n"], [["a", "1"], ["longer", ""]])

    assert capsys.readouterr().out == "NAME    N\na       1\nlonger  -\n"


def test_progress_in_a_pipe_tells_each_text_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(terminal=False).progress() as progress:
        for text in ("one", "one", "two"):
            progress(text)

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "one\ntwo\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (2048, "2.0 KiB"), (3 << 20, "3.0 MiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_control_characters_are_taken_out() -> None:
    assert clean("a\x1b[31mb\nc é → ✓") == "a [31mb c é → ✓"
