"""`python -m local.platform`: what `make platform` calls. Exit code 1 if anything is not as it should be."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from local.demo.airflow_api import AirflowApi
from local.errors import LocalError
from local.options import ROOT
from local.platform import expectation
from local.platform.days import DAYS
from local.platform.drive import FAILED, SUCCESS, Day, Run, never
from local.platform.faults import catch_all
from local.platform.officer import OFFICER, Officer, in_the_warehouse
from local.platform.pipelines import PIPELINES, Pipeline
from local.platform.report import Report, lines, unrecorded
from local.platform.runner import AirflowRunner
from local.platform.screen import PlatformScreen
from local.platform.stage import ENVIRONMENT, Platform, set_up
from local.platform.warehouse import WarehouseReader
from local.sources.bank import SIZES

FOLDER = ROOT / ".platform"
AT_ONCE = 6
"""More runs than processors: some wait for the warehouse, and Airflow takes a moment between two tasks."""
MINUTES = 30
"""When to give up."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    size: Annotated[str, typer.Option(help=f"Of the bank: {', '.join(SIZES)}.")] = "small",
    only: Annotated[list[str] | None, typer.Option(help="Run this pipeline; may be repeated.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Make what comes out what is expected.")] = False,
    output: Annotated[Literal["text", "json"], typer.Option(help="What standard output gets.")] = "text",
    keep: Annotated[
        bool, typer.Option("--keep", help="In the end, wait for Ctrl-C before ending it all.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = FOLDER,
) -> None:
    """Deploy all pipelines to a stack of their own, run each for two intervals, and judge what comes out.

    Then plant each seeded fault, and see that its rule catches it; not with --only.
    """
    # A shell starts its background jobs with SIGINT ignored, and Python then keeps it so.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    # In a file, no name is cut.
    width = None if sys.stdout.isatty() else 140
    console = Console(highlight=False, markup=False, soft_wrap=True, stderr=output == "json", width=width)
    screen, begin = PlatformScreen(console), time.monotonic()
    (folder / "report.json").unlink(missing_ok=True)
    pipelines = [one for one in PIPELINES if not only or one.dag_id in only]
    if unknown := set(only or ()) - {one.dag_id for one in PIPELINES}:
        raise typer.BadParameter(f"no pipeline {', '.join(sorted(unknown))}")
    try:
        with set_up(folder, size, screen) as platform:
            _all_deployed(platform, pipelines)
            runs = _run(platform, pipelines, screen, begin + 60 * MINUTES)
            report = _judge(platform, size, runs, accept=accept)
            if not only and all(run.state == SUCCESS for run in runs):
                report = replace(report, faults=catch_all(platform.info, screen))
            report = replace(report, seconds=round(time.monotonic() - begin, 1))
            report.write(folder / "report.json")
            screen.tables(report)
            if keep:
                _wait_for_ctrl_c(screen)
    except (LocalError, RuntimeError, TimeoutError) as error:
        screen.trouble(f"error: {error}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        screen.trouble("interrupted; everything was ended")
        raise typer.Exit(130) from None
    if output == "json":
        sys.stdout.write(report.text())
    _conclude(screen, report)
    raise typer.Exit(0 if report.good else 1)


def _wait_for_ctrl_c(screen: PlatformScreen) -> None:
    screen.line("Everything still runs; Ctrl-C ends it.")
    with suppress(KeyboardInterrupt):
        signal.pause()


def _all_deployed(platform: Platform, pipelines: list[Pipeline]) -> None:
    if missing := sorted({one.dag_id for one in pipelines} - set(platform.dag_ids)):
        raise LocalError(f"not among what was deployed: {', '.join(missing)}", "add a file for each to dags/")


def _run(platform: Platform, pipelines: list[Pipeline], screen: PlatformScreen, deadline: float) -> list[Run]:
    runner = AirflowRunner(AirflowApi(platform.info.airflow_url))
    officer = Officer(runner, in_the_warehouse(platform.info, ENVIRONMENT))
    runs: list[Run] = []
    for number, day in enumerate(DAYS):
        if any(run.state != SUCCESS for run in runs):
            runs += never(pipelines, number)
            continue
        screen.scene(f"{number + 1}/{len(DAYS)}", f"{day:%A, %d %B %Y}", "")
        with screen.waiting("the day to pass in the sources"):
            platform.sources.live(number)
        with screen.following(f"{day:%A}'s pipelines") as show:

            def told(run: Run) -> None:
                screen.ended(run)
                if run.state == FAILED:
                    screen.trouble(runner.trouble(run.dag_id, run.run_id))

            def looked(running: Sequence[str]) -> None:
                show(running)
                for trouble in runner.retries():
                    screen.trouble(trouble)
                for report in officer.look():
                    screen.line(f"{OFFICER} approves {report}")

            day_of = Day(runner, number, AT_ONCE, told, looked)
            runs += day_of.drive(pipelines, deadline)
    return runs


def _judge(platform: Platform, size: str, runs: list[Run], *, accept: bool) -> Report:
    with WarehouseReader.of(platform.info, ENVIRONMENT) as warehouse:
        counted, tables = warehouse.counted(), warehouse.contents()
    everything = {run.dag_id for run in runs} == {one.dag_id for one in PIPELINES}
    if accept and everything:
        expectation.accept(size, tables)
    differences = expectation.differences(expectation.read(size), tables) if everything else []
    return Report(size, 0.0, lines(runs, counted), tables, differences, unrecorded(runs, counted))


def _conclude(screen: PlatformScreen, report: Report) -> None:
    for line in (*report.differences, *(f"{run}: nothing recorded of it" for run in report.unrecorded)):
        screen.trouble(line)
    ran = sum(line.succeeded for line in report.lines)
    wanted = sum(line.runs for line in report.lines)
    said = f"{ran} of {wanted} runs succeeded in {report.seconds:.0f} s"
    tables = f"{len(report.tables)} tables are as expected" if not report.differences else "tables differ"
    caught = sum(one.right for one in report.faults)
    faults = f"; {caught} of {len(report.faults)} faults were caught by their rule" if report.faults else ""
    screen.last(f"{said}; {tables}{faults}. Nothing is left running.", good=report.good)


if __name__ == "__main__":
    app()
