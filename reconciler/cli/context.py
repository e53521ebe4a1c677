"""What every command begins with: the world, an output, and whether somebody can answer a question."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeVar

import typer

from reconciler.cli.completion import complete_environment
from reconciler.cli.errors import Usage
from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.output import Format, Output
from reconciler.cli.platform import Live, Person, Platform
from reconciler.model.errors import Conflict

R = TypeVar("R")

_LONGEST_REASON = 500

OutputOption = Annotated[
    Format,
    typer.Option("--output", "-o", help="For people, or one JSON document on stdout.", show_default=True),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
EnvironmentArgument = Annotated[
    str, typer.Argument(metavar="ENV", help="The environment.", autocompletion=complete_environment)
]


@dataclass(frozen=True)
class Given:
    """What an invocation is given. ``interactive`` and ``terminal`` None: find out."""

    platform: Platform = field(default_factory=Live)
    interactive: bool | None = None
    terminal: bool | None = None


@dataclass(frozen=True)
class Cli:
    """What a command works with."""

    platform: Platform
    out: Output
    interactive: bool

    def known(self, environment: str) -> str:
        """The environment's name. ``Usage`` if there is none of that name."""
        names = self.platform.environments()
        if environment not in names:
            raise Usage(
                f"There is no environment {environment!r}.",
                f"Name one of: {', '.join(names)} (they are listed in RECONCILER_ENVIRONMENTS).",
            )
        return environment

    def committer(self, environment: str) -> Person:
        """Who commits: with a key where their Git signs commits, or the environment asks for signatures.

        ``Terminal`` if it does and they have none.
        """
        person, accepted = self.platform.person(), self.platform.store().load(environment).accepted
        asked = accepted is not None and accepted.desired.environment.policy.source.signed
        if person.key or not asked:
            return person
        return replace(person, key=self.platform.signing_key())

    def show(self, lines: Iterable[str]) -> None:
        """What somebody is to look at before they answer: a difference in colours, beside a document."""
        tell = self.out.note if self.out.json else self.out.line
        for line in lines:
            tell(line, {"+": "green", "-": "red"}.get(line[:1], ""))

    def confirm(self, question: str, yes: bool) -> None:
        """Ask, unless they said ``yes``. ``Usage`` if nobody is here to answer; a no ends the command."""
        if not (yes or self.interactive):
            raise Usage(f"Nobody is here to answer: {question}", "Look at what is shown, then give --yes.")
        if not yes and not typer.confirm(question, err=True):
            self.out.note("Nothing was changed.")
            raise typer.Exit(ExitCode.INTERRUPTED)

    def racing(self, push: Callable[[], R], tries: int = 3) -> R:
        """Look and push, again whenever somebody was first. ``Conflict`` if they are so each time."""
        for _ in range(tries - 1):
            try:
                return push()
            except Conflict:
                self.out.note("Somebody pushed in between; looking at the new tip.")
        return push()


def one_line(reason: str, remedy: str) -> str:
    """A reason as others will come upon it. ``Usage`` if it is none, or is not one line."""
    said = reason.strip()
    if not (1 <= len(said) <= _LONGEST_REASON and said.isprintable()):
        raise Usage(
            f"The reason has to be one line of 1 to {_LONGEST_REASON} characters that can be printed.", remedy
        )
    return said


def begin(ctx: typer.Context, output: Format) -> Cli:
    """The command's world and output."""
    given = ctx.find_root().obj or Given()
    interactive = given.interactive
    if interactive is None:
        interactive = sys.stdin.isatty() and sys.stderr.isatty()
    return Cli(given.platform, Output(output, given.terminal), interactive)
