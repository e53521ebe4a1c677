"""`python -m local setup|up|down|status`: what `make` calls."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from local import environments
from local.errors import LocalError

app = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console(stderr=True)


def _say(line: str) -> None:
    console.print(f"[cyan]{line}[/cyan]")


@app.callback()
def main() -> None:
    """The whole cloud on one machine."""


@app.command()
def setup() -> None:
    """Make the environments of Airflow and of the AWS emulator, where they are missing or outdated."""
    for name in (environments.AIRFLOW, environments.MINISTACK):
        environments.ensure(name, _say)


def run() -> None:
    """Run the command line; what a person can put right is printed with its remedy, exit code 1."""
    try:
        app()
    except LocalError as error:
        console.print(f"[red]error:[/red] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    run()
