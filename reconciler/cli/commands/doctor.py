"""``reconciler doctor``: tries each thing that the commands need; says what to do about what is amiss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from reconciler.cli import checks
from reconciler.cli.commands.publish import PythonOption
from reconciler.cli.context import Cli, OutputOption, begin
from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.output import Format


def doctor(
    ctx: typer.Context, airflow_python: PythonOption = None, output: OutputOption = Format.TEXT
) -> None:
    """Check everything that the commands need."""
    cli = begin(ctx, output)
    with cli.out.progress(only_live=True) as progress:
        results = _run_all(cli, airflow_python, progress)
    failed = sum(result.failed for result in results)
    cli.out.document({"healthy": not failed, "checks": [result.to_json() for result in results]})
    for result in results:
        _tell(cli, result)
    cli.out.line(
        f"\n{failed} of {len(results)} checks failed." if failed else "\nEverything needed is there."
    )
    raise typer.Exit(ExitCode.UNHEALTHY if failed else ExitCode.OK)


def _run_all(cli: Cli, python: Path | None, progress: Callable[[str], None]) -> list[checks.Result]:
    results: list[checks.Result] = []

    def run(some: Iterable[checks.Check]) -> bool:
        before = len(results)
        for check in some:
            progress(f"Looking at {check.name} …")
            results.append(checks.run(check))
        return not any(result.failed for result in results[before:])

    # Without settings nothing else can be found, and without the repo no environment.
    if not run(checks.general(cli.platform)):
        return results
    run(checks.outside(cli.platform))
    if any(result.failed and result.name == "environment repo" for result in results):
        return results
    for name in cli.platform.environments():
        run(checks.of_environment(cli.platform, name, python))
    return results


def _tell(cli: Cli, result: checks.Result) -> None:
    colour = {"✓": "", "!": "yellow", "✗": "red"}[result.sign]
    cli.out.line(f"{result.sign} {result.name}: {result.wrong or result.found}", colour)
    if result.wrong and result.remedy:
        cli.out.line(f"    → {result.remedy}")
