"""How a command ends, as a number, for scripts. ``docs/cli.md`` and ``--help`` show this table."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """An exit code with its sentence."""

    sentence: str

    def __new__(cls, value: int, sentence: str) -> ExitCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    OK = 0, "Done, or nothing to do."
    BUG = 1, "Something unexpected: a bug of reconciler."
    USAGE = 2, "The command line is wrong, or a prompt has nobody to answer it."
    INVALID = 3, "A file, version or setting is wrong: a person has to change it."
    WAITING = 4, "Not yet: it is still on its way when the time was over."
    OUTSIDE = 5, "Something outside could not be reached; try again later."
    CONFLICT = 6, "Somebody else was first: look again and decide anew."
    UNHEALTHY = 7, "It was looked at and is not well."
    CHANGES = 10, "`plan --detailed-exitcode` found changes."
    INTERRUPTED = 130, "Interrupted with Ctrl-C, or a question was answered with no."


def table() -> str:
    """The codes, one a line, for the end of ``--help``."""
    return "\n".join(["Exit codes:", *(f"{code.value:>4}  {code.sentence}" for code in ExitCode)])
