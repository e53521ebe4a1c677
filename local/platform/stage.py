"""Sets the stage: a stack with sources, warehouse and secrets, and the checkout's pipelines deployed to it.

Called by `python -m local.platform` and by tests. Never touches the checkout's own files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import playground
from local.demo.code_repo import CodeRepo
from local.demo.commands import CommandLine
from local.demo.environment_repo import EnvironmentRepo
from local.demo.screen import Screen
from local.environments import dbt_executable, quality_python
from local.errors import LocalError
from local.home import Home
from local.options import ENVIRONMENTS, MwaaEnvironment, StackOptions
from local.platform import connections
from local.platform.days import CLOCK
from local.platform.market import start_market
from local.platform.sources import SEED, Sources
from local.stack import Stack
from local.stack_info import StackInfo

ENVIRONMENT, VERSION = "dev", "1.0.0"
PARSE_INTERVAL = 300
"""Nobody edits a DAG here, and parsing them all over and over would take one of two processors."""
REFRESH_INTERVAL = 20
"""Airflow 3.0.6 begins anew with what it has not parsed at each look: this is time for most of the files."""
COMMAND_SECONDS = 300.0


@dataclass(frozen=True)
class Platform:
    """A stack on which everything is deployed and nothing has run yet."""

    info: StackInfo
    sources: Sources
    dag_ids: tuple[str, ...]


def options(say: Screen) -> StackOptions:
    """A stack with all that the pipelines need. Installs what is missing; raises LocalError."""
    env = connections.airflow_env(ENVIRONMENT, dbt_executable(say.line), quality_python(say.line))
    # The data's days are long over: runs are asked for, and the calendar begins none.
    env["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"
    return StackOptions(
        environments={ENVIRONMENT: MwaaEnvironment.of(ENVIRONMENT)},
        seed=ENVIRONMENTS,
        seed_below="environments",
        adapt=playground.fit,
        providers=True,
        airflow_env=env,
        refresh_interval=REFRESH_INTERVAL,
        parse_interval=PARSE_INTERVAL,
        warehouse=True,
    )


@contextmanager
def set_up(folder: Path, size: str, screen: Screen) -> Iterator[Platform]:
    """The platform, for as long as the context lasts; then nothing of it runs.

    What an earlier one left in `folder` is removed first. Raises LocalError with a remedy.
    """
    home = folder / "stack"
    _clear(folder, home)
    with ExitStack() as running:
        stack = Stack.up(home, options(screen), screen.line)
        running.callback(stack.down)
        info = stack.info
        url, market = start_market(Path(info.logs), size, SEED, CLOCK)
        running.callback(market.stop)
        connections.write(info, ENVIRONMENT, url)
        sources = Sources(info, ENVIRONMENT, size)
        with screen.waiting("making the sources"):
            sources.begin()
        screen.line(f"Airflow: {info.airflow_url}  (it is yours to look at while this runs)")
        yield Platform(info, sources, deploy(info, folder, screen))


def deploy(info: StackInfo, folder: Path, screen: Screen) -> tuple[str, ...]:
    """Build, publish and commit the checkout's code; its DAG ids, once the reconciler says it is live."""
    code = folder / "code"
    CodeRepo.create(code)
    cli = CommandLine(info, code, COMMAND_SECONDS)
    for command in (f"reconciler build --version {VERSION}", f"reconciler publish --version {VERSION}"):
        screen.command(command)
    with screen.waiting("parsing it with Airflow"):
        release = CodeRepo(code, cli).publish(VERSION)
    environment = EnvironmentRepo.clone(info.git_url, folder / "environments")
    for component in ("dags", "libs", "dbt"):
        environment.bump(component, VERSION)
    environment.commit(f"Deploy {VERSION} to {ENVIRONMENT}")
    screen.command("git push")
    environment.push()
    with screen.waiting("the reconciler to have deployed it"):
        cli.run("wait", ENVIRONMENT, "--timeout", str(COMMAND_SECONDS - 10)).expect()
    screen.line(f"{len(release.dag_ids)} DAGs are live, by the reconciler's word")
    return release.dag_ids


def _clear(folder: Path, home: Path) -> None:
    if Home.at(home).supervisor() is not None:
        raise LocalError(f"a platform already runs in {folder}", "wait for its end, or press Ctrl-C there")
    for name in ("code", "environments"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
