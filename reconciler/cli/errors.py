"""From an error to an exit code, and to the words that a person reads. The only place that maps them."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import typer

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.output import Format, Output
from reconciler.model.errors import Conflict, InvalidInput, ReconcilerError, Terminal, Transient, Waiting

F = TypeVar("F", bound=Callable[..., Any])

_OUTSIDE_REMEDY = "Run it again in a moment. `reconciler doctor` tries everything that the commands need."
_BUG_REMEDY = "This is a bug of reconciler: report it with the lines above."


class Usage(ReconcilerError):
    """The command line asks for something that makes no sense here."""


class Unhealthy(ReconcilerError):
    """What was looked at is not well; looking was successful."""


_CODES: tuple[tuple[type[ReconcilerError], ExitCode], ...] = (
    (Usage, ExitCode.USAGE),
    (Unhealthy, ExitCode.UNHEALTHY),
    (Terminal, ExitCode.INVALID),
    (Waiting, ExitCode.WAITING),
    (Transient, ExitCode.OUTSIDE),
    (Conflict, ExitCode.CONFLICT),
)


def exit_code(error: Exception) -> ExitCode:
    """The exit code of an error; ``BUG`` for everything that is not understood."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.BUG)


def remedy(error: Exception) -> str:
    """What to do. A tick is tried again by itself; a command is not."""
    if not isinstance(error, ReconcilerError):
        return _BUG_REMEDY
    return _OUTSIDE_REMEDY if isinstance(error, Transient) else error.remedy


def explain(error: Exception) -> str:
    """``error: what`` and ``→ remedy``, problems one per line."""
    if not isinstance(error, ReconcilerError):
        return f"error: unexpected {type(error).__name__}: {error}\n→ {_BUG_REMEDY}"
    problems = error.message.splitlines()
    what = error.message
    if len(problems) > 1:
        what = "\n".join([f"{len(problems)} problems", *(f"  {problem}" for problem in problems)])
    return f"error: {what}" + (f"\n→ {to_do}" if (to_do := remedy(error)) else "")


def guarded(command: F) -> F:
    """The command, ending with a message and an exit code instead of an exception.

    With ``--output json`` the error is the one document on stdout, as well as words on stderr.
    """

    @functools.wraps(command)
    def run(**arguments: Any) -> Any:
        try:
            return command(**arguments)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            _report(error, Output(arguments.get("output", Format.TEXT)))
            raise typer.Exit(exit_code(error)) from error

    return run  # type: ignore[return-value]


def _report(error: Exception, out: Output) -> None:
    if not isinstance(error, ReconcilerError):
        out.note("".join(traceback.format_exception(error)).rstrip())
    out.note(explain(error), colour="red")
    out.document({"error": _document(error)})


def _document(error: Exception) -> dict[str, object]:
    document: dict[str, object] = {"exitCode": exit_code(error).value, "kind": type(error).__name__}
    document["remedy"] = remedy(error)
    if isinstance(error, ReconcilerError):
        document |= {"message": error.message, "reason": error.reason.value}
    else:
        document["message"] = str(error)
    if isinstance(error, InvalidInput):
        document["problems"] = list(error.problems)
    return document
