"""`python -m benchmarks [NAME...]`: runs benchmarks one after the other and keeps what they measured."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import machine, report
from benchmarks.catalogue import CATALOGUE, Benchmark
from benchmarks.options import Options
from local.errors import LocalError
from local.options import ROOT

RESULTS = ROOT / ".benchmarks"
PAGE = ROOT / "docs" / "performance.md"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
# In a pipe, wide enough for the tables.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)

Names = Annotated[list[str] | None, typer.Argument(help="Which ones; see --list. (default: all but mwaa)")]
Full = Annotated[bool, typer.Option("--full", help="All sizes, more repetitions.")]
Repeat = Annotated[int | None, typer.Option("--repeat", min=1, help="How often to measure each thing.")]
Docs = Annotated[bool, typer.Option("--docs", help=f"Put the results into docs/{PAGE.name}.")]
List = Annotated[bool, typer.Option("--list", help="Say what there is, and about how long it takes.")]


@app.command()
def main(
    names: Names = None, full: Full = False, repeat: Repeat = None, docs: Docs = False, listed: List = False
) -> None:
    """Measure, show, and keep the results in .benchmarks/<name>.json."""
    if listed:
        _list()
        return
    for benchmark in _chosen(names or []):
        kept = _run(benchmark, full, repeat)
        _show(benchmark, kept)
        if docs:
            PAGE.write_text(report.into_page(PAGE.read_text(), kept))


def _run(benchmark: Benchmark, full: bool, repeat: int | None) -> dict[str, Any]:
    stderr.print(f"{benchmark.name}: {benchmark.what} (about {benchmark.takes} in full)", style="bold")
    about, began = machine.describe(), time.monotonic()
    options = Options(RESULTS / "work" / benchmark.name, _say, repeat, full)
    result = benchmark.run(options)
    words = ["python", "-m", "benchmarks", benchmark.name]
    words += ["--full"] if full else []
    words += ["--repeat", str(repeat)] if repeat else []
    kept = report.document(benchmark.name, shlex.join(words), about, result)
    kept["seconds"] = round(time.monotonic() - began)
    file = report.keep(RESULTS, kept)
    _say(f"{kept['seconds']} s; kept in {file.relative_to(ROOT)}")
    kept_again: dict[str, Any] = json.loads(file.read_text())
    return kept_again


def _show(benchmark: Benchmark, kept: dict[str, Any]) -> None:
    for one in kept["tables"]:
        table = Table(title=one["title"] or benchmark.what, title_justify="left", box=None)
        for number, column in enumerate(one["columns"]):
            table.add_column(column, justify="right" if number else "left", no_wrap=not number)
        for row in one["rows"]:
            table.add_row(*map(report.shown, row))
        console.print(table)
        console.print()


def _chosen(names: list[str]) -> list[Benchmark]:
    known = {benchmark.name: benchmark for benchmark in CATALOGUE}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LocalError(f"there is no benchmark {', '.join(unknown)}", f"choose of {', '.join(known)}")
    return [known[name] for name in names] or [one for one in CATALOGUE if not one.slow]


def _list() -> None:
    table = Table(box=None)
    for column in ("Name", "What it measures", "Takes about", "With --full"):
        table.add_column(column)
    for benchmark in CATALOGUE:
        short, _, full = benchmark.takes.partition(", ")
        table.add_row(benchmark.name, benchmark.what, short, full)
    console.print(table)


def _say(line: str) -> None:
    stderr.print(f"  {line}", style="cyan", markup=False)


def run() -> None:
    """Run the command line; what a person can put right is printed with its remedy, exit code 1."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        app()
    except LocalError as error:
        stderr.print(f"error: {error}", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    run()
