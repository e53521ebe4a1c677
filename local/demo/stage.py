"""Sets the stage: folders below `.demo`, a stack, a code repo of 25 DAGs, a clone of the environment repo.

Called by `python -m local.demo` and by the test of the checks. Never touches the checkout's own files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from local.demo import films
from local.demo.code_repo import CodeRepo
from local.demo.commands import CommandLine
from local.demo.environment_repo import ENVIRONMENT, EnvironmentRepo
from local.demo.live import Live
from local.demo.scenes.webhooks import OLD
from local.demo.screen import Screen
from local.demo.story import Story
from local.environments import dbt_executable
from local.errors import LocalError
from local.home import Home
from local.options import ROOT, StackOptions
from local.stack import Stack
from local.stack_info import StackInfo

S = TypeVar("S", bound=Story)
# A local container has a file after a second; MWAA's after 30.
SYNC_SECONDS, PARSE_SECONDS = 2, 30
# Files that changed are parsed at once; parsing all 25 each second as well would only keep two cores busy.
PARSE_INTERVAL = 5


@contextmanager
def set_up(folder: Path, screen: Screen, kind: type[S]) -> Iterator[S]:
    """A stack with everything the scenes need, for as long as the context lasts; then nothing of it runs.

    `kind`: Story, or what a test makes of it. What an earlier story left in `folder` is removed first.
    Raises LocalError with a remedy.
    """
    stack_home, seed = folder / "stack", folder / "seed"
    _clear(folder, stack_home)
    shutil.copytree(ROOT / "environments", seed / "environments")
    airflow_env = {
        **films.airflow_env(dbt_executable(screen.line)),
        "RECONCILER_RELEASE_CACHE": str(stack_home.resolve() / "releases"),
    }
    options = StackOptions(seed=seed, airflow_env=airflow_env, parse_interval=PARSE_INTERVAL)
    stack = Stack.up(stack_home, options, screen.line)
    try:
        yield _story(stack.info, folder, screen, kind)
    finally:
        with screen.waiting("ending the stack"):
            stack.down()


def _clear(folder: Path, stack_home: Path) -> None:
    if Home.at(stack_home).supervisor() is not None:
        raise LocalError(f"a demo already runs in {folder}", "wait for its end, or press Ctrl-C there")
    for name in ("seed", "code", "environments"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _story(info: StackInfo, folder: Path, screen: Screen, kind: type[S]) -> S:
    code = folder / "code"
    CodeRepo.create(code)
    cli = CommandLine(info, code)
    environment = EnvironmentRepo.clone(info.git_url, folder / "environments")
    story = kind(info, Live(info, cli), CodeRepo(code, cli), environment, screen)
    films.seed(info)
    _adapt(story)
    screen.line(f"Airflow: {info.airflow_url}  (it is yours to look at while this runs)")
    screen.line(f"Git: {info.git_url}  logs: {info.logs}")
    return story


def _adapt(story: Story) -> None:
    """The only difference to the checkout's own environment: this machine copies DAGs faster than MWAA.

    The versions come with the first deployment. The webhook of this commit is lost, and told much later.
    """
    environment = story.environment
    environment.replace(ENVIRONMENT, r"(\n  syncSeconds: )\S+", rf"\g<1>{SYNC_SECONDS}")
    environment.replace(ENVIRONMENT, r"(\n  parseSeconds: )\S+", rf"\g<1>{PARSE_SECONDS}")
    for component in ("dags", "libs", "dbt"):
        environment.bump(component, "0.0.0")
    environment.commit("Adapt dev to this machine")
    _, story.notes[OLD] = story.lose("Adapt dev to this machine")
