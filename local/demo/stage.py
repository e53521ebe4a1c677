"""Sets the stage: folders below `.demo`, a stack, a code repo of 25 DAGs, a clone of the environment repo.

Called by `python -m local.demo` and by the test of the checks. Never touches the checkout's own files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from local import playground
from local.demo.code_repo import CodeRepo
from local.demo.commands import CommandLine
from local.demo.environment_repo import ENVIRONMENT, EnvironmentRepo
from local.demo.live import Live
from local.demo.scenes.webhooks import OLD
from local.demo.screen import Screen
from local.demo.story import Story
from local.errors import LocalError
from local.home import Home
from local.options import StackOptions
from local.stack import Stack

S = TypeVar("S", bound=Story)
ENVIRONMENTS = ("dev", "staging", "prod")
PARSE_SECONDS, REFRESH_INTERVAL, PARSE_INTERVAL = 30, 4, 10
"""The story's DAGs are parsed in no time. Three Airflows that parse thirty files each five seconds would
leave two processors no time for anything else; one that looks for new files each second queues them again
and again.
"""
LEASE_SECONDS = 40
"""Nobody wants to watch for 150 s, as on AWS, until another tick takes over from a killed one."""


@contextmanager
def set_up(folder: Path, screen: Screen, kind: type[S]) -> Iterator[S]:
    """A stack with everything the scenes need, for as long as the context lasts; then nothing of it runs.

    `kind`: Story, or what a test makes of it. What an earlier story left in `folder` is removed first.
    Raises LocalError with a remedy.
    """
    clear(folder)
    wanted = playground.options(screen.line, ENVIRONMENTS)
    options = replace(
        wanted,
        later=ENVIRONMENTS[1:],
        providers=False,
        lease_seconds=LEASE_SECONDS,
        adapt=partial(playground.fit, parse_seconds=PARSE_SECONDS),
        refresh_interval=REFRESH_INTERVAL,
        parse_interval=PARSE_INTERVAL,
    )
    CodeRepo.create_for_story(folder / "code")
    with told(folder, options, screen, kind) as story:
        _begin(story)
        yield story


@contextmanager
def told(folder: Path, options: StackOptions, screen: Screen, kind: type[S]) -> Iterator[S]:
    """A story of the code repo in `folder`, on a stack of its own for as long as the context lasts."""
    stack = Stack.up(folder / "stack", options, screen.line)
    try:
        yield _story(stack, folder, screen, kind)
    finally:
        with screen.waiting("ending the stack"):
            stack.down()


def clear(folder: Path) -> None:
    """Remove what an earlier story left. Raises LocalError if it is still told."""
    if Home.at(folder / "stack").supervisor() is not None:
        raise LocalError(f"a demo already runs in {folder}", "wait for its end, or press Ctrl-C there")
    for name in ("code", "environments"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _story(stack: Stack, folder: Path, screen: Screen, kind: type[S]) -> S:
    info, code = stack.info, folder / "code"
    cli = CommandLine(info, code)
    environment = EnvironmentRepo.clone(info.git_url, folder / "environments")
    story = kind(info, Live(info, cli), CodeRepo(code, cli), environment, screen, stack.begin)
    screen.line(f"Airflow: {info.airflow_url}  (it is yours to look at while this runs)")
    screen.line(f"Git: {info.git_url}  logs: {info.logs}")
    return story


def _begin(story: Story) -> None:
    """A commit that changes nothing that runs. Its webhook is lost, and told much later."""
    story.environment.replace(ENVIRONMENT, r"\n# What dev is\. ", "\n# What dev is, for this demo. ")
    story.environment.commit("Say what dev is")
    _, story.notes[OLD] = story.lose("Say what dev is")
