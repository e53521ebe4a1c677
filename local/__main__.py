"""`python -m local setup|up|down|status`: what `make` calls."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local import environments as installed
from local import playground, prerequisites, supervisor
from local.errors import LocalError
from local.home import Home
from local.options import Sync
from local.stack_info import StackInfo

app = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console(stderr=True, highlight=False)

HomeOption = Annotated[Path, typer.Option("--home", help="The stack's folder; two may run side by side.")]
EnvironmentsOption = Annotated[
    str, typer.Option(help="Which of environments/ have an Airflow, with commas in between.")
]
SlowOption = Annotated[bool, typer.Option("--mwaa-sync", help="Copy DAGs as slowly as MWAA does (30 s).")]


@app.callback()
def main() -> None:
    """The whole cloud on one machine."""


@app.command()
def setup() -> None:
    """Make the environments of Airflow, dbt, the AWS emulator, the warehouse and others, where missing."""
    prerequisites.check()
    others = (installed.MINISTACK, installed.DBT, installed.LAMBDA, installed.WAREHOUSE, installed.QUALITY)
    for name in (*installed.AIRFLOWS, installed.BARE_AIRFLOW, *others, installed.SQLFLUFF):
        installed.ensure(name, _say)


@app.command()
def up(
    home: HomeOption = Path(".local"),
    environments: EnvironmentsOption = "dev",
    mwaa_sync: SlowOption = False,
) -> None:
    """Start a stack and leave it running."""
    arguments = ["--environments", environments, *(["--mwaa-sync"] if mwaa_sync else [])]
    try:
        info = supervisor.begin(home, arguments, _say)
    except KeyboardInterrupt:
        _say("interrupted; what had started was ended")
        raise typer.Exit(130) from None
    _describe(info)
    console.print(playground.what_to_try(info), markup=False, soft_wrap=True)


@app.command()
def down(home: HomeOption = Path(".local")) -> None:
    """End a stack; when this returns, nothing of it runs."""
    ended = supervisor.end(home)
    _say("ended" if ended else f"no stack runs in {home}")


@app.command()
def status(home: HomeOption = Path(".local")) -> None:
    """Say what of a stack runs. Exit code 1 if not all of it does."""
    if Home.at(home).supervisor() is None:
        _say(f"no stack runs in {home}")
        raise typer.Exit(1)
    info = StackInfo.read(home)
    _describe(info)
    ended = [name for name, pid in info.processes.items() if not supervisor.alive(pid)]
    if ended:
        console.print(f"[red]ended by themselves:[/red] {', '.join(ended)} (logs in {info.logs})")
        raise typer.Exit(1)


@app.command(hidden=True)
def supervise(
    home: HomeOption, environments: EnvironmentsOption = "dev", mwaa_sync: SlowOption = False
) -> None:
    """Hold a stack until told to end (what `up` starts)."""
    names = [name.strip() for name in environments.split(",") if name.strip()]
    sync = Sync.like_mwaa() if mwaa_sync else None
    supervisor.supervise(home, lambda: playground.options(print, names, sync))


def _describe(info: StackInfo) -> None:
    rows = {
        "Git": info.git_url,
        **{f"Airflow {name}": f"{one.url} (no password)" for name, one in info.airflows.items()},
        "PostgreSQL": info.postgres_url,
        **(
            {"Warehouse": "{host}:{port} (Snowflake's protocol)".format(**info.warehouse)}
            if info.warehouse
            else {}
        ),
        "AWS": info.aws_endpoint,
        "Webhook": info.webhook_url,
        "Logs": info.logs,
    }
    lines = [f"{name:<16}{value}" for name, value in rows.items()]
    # Whole lines, whatever the terminal's width: they are there to be copied.
    console.print("\n".join(lines), soft_wrap=True)


def _say(line: str) -> None:
    console.print(line, style="cyan", markup=False)


def run() -> None:
    """Run the command line; what a person can put right is printed with its remedy, exit code 1."""
    # A shell starts its background jobs with SIGINT ignored, and Python then keeps it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except LocalError as error:
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    run()
