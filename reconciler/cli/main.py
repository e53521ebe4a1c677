"""The entry of the command line: the list of commands, and nothing that is heavy to import."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import typer

from reconciler.cli.commands.approve import approve
from reconciler.cli.commands.build import build
from reconciler.cli.commands.doctor import doctor
from reconciler.cli.commands.events import events
from reconciler.cli.commands.explain import explain
from reconciler.cli.commands.history import history
from reconciler.cli.commands.holds import hold, release, resume, suspend
from reconciler.cli.commands.plan import plan
from reconciler.cli.commands.promote import promote
from reconciler.cli.commands.publish import publish
from reconciler.cli.commands.rehearse import rehearse
from reconciler.cli.commands.rollback import rollback
from reconciler.cli.commands.seal import seal
from reconciler.cli.commands.status import status
from reconciler.cli.commands.sync import sync
from reconciler.cli.commands.validate import validate
from reconciler.cli.commands.wait import wait
from reconciler.cli.errors import guarded
from reconciler.cli.exit_codes import table

COMMANDS = (
    validate,
    build,
    publish,
    seal,
    plan,
    promote,
    approve,
    sync,
    wait,
    status,
    explain,
    events,
    history,
    rollback,
    rehearse,
    hold,
    release,
    suspend,
    resume,
    doctor,
)

app = typer.Typer(
    name="reconciler",
    help="Follow a Git repository: what its environments run, why, and what happens next.",
    epilog=table(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in COMMANDS:
    app.command()(guarded(_command))
app.command("diff", hidden=True, help="The same as plan.")(guarded(plan))


@app.callback(invoke_without_command=True)
def _main(
    ctx: typer.Context, version: bool = typer.Option(False, "--version", help="Show the version.")
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"reconciler {installed('reconciler')}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit


def run() -> None:
    """Run the command line. A terminal that cannot show a character gets another, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
