"""`python -m local.demo [--story NAME]`: what `make demo` calls.

Exit code 1 if any check failed, 2 if there is no such story, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from local.demo import report, stage
from local.demo.health import scenes as health_scenes
from local.demo.health import stage as health_stage
from local.demo.play import play
from local.demo.report import Result
from local.demo.scenes import SCENES
from local.demo.scenes.scene import Scene
from local.demo.screen import Screen
from local.demo.story import Story
from local.errors import LocalError
from local.options import ROOT

FOLDER = ROOT / ".demo"


@dataclass(frozen=True)
class Told:
    """A story: its scenes, its folder below `.demo`, and what sets its stage."""

    scenes: tuple[Scene, ...]
    folder: str
    set_up: Callable[[Path, Screen, type[Story]], AbstractContextManager[Story]]


STORIES = {
    "deploy": Told(SCENES, ".", stage.set_up),
    "health": Told(health_scenes.SCENES, "health", health_stage.set_up),
    "data": Told(health_scenes.DATA_SCENES, "data", health_stage.set_up_with_data),
    "mwaa": Told(health_scenes.FIRST_SCENES, "mwaa", health_stage.set_up_like_mwaa),
}
"""`data`: the second one with a warehouse; `mwaa`: its beginning again, in MWAA's time."""

ALL = ("deploy", "health", "data")
"""`all` tells these, each on a stack of its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the stories that are asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.demo")
    parser.add_argument("--story", choices=(*STORIES, "all"), default="deploy")
    asked = parser.parse_args(arguments).story
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    screen, begin = Screen(), time.monotonic()
    (FOLDER / "report.json").unlink(missing_ok=True)
    results = list[Result]()
    stories = [told for name, told in STORIES.items() if name == asked or (asked == "all" and name in ALL)]
    try:
        for told in stories:
            screen.line("Starting Airflow, Git, PostgreSQL and AWS on this machine ...")
            with told.set_up(FOLDER / told.folder, screen, Story) as story:
                play(story, told.scenes)
            results += story.results
    except LocalError as error:
        screen.trouble(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        screen.trouble("interrupted; everything was ended")
        return 130
    report.write(FOLDER / "report.json", results)
    return conclude(screen, results, time.monotonic() - begin, stories)


def conclude(
    screen: Screen, results: list[Result], seconds: float, stories: Sequence[Told] = (STORIES["deploy"],)
) -> int:
    """Show what was measured, and what to do next; returns the exit code."""
    scenes = [scene for told in stories for scene in told.scenes]
    titles = {check.name: check.measures for scene in scenes for check in scene.checks if check.measures}
    screen.table([(titles[result.name], result) for result in results if result.name in titles])
    failed = [result for result in results if not result.held]
    logs = " or ".join(os.path.relpath(FOLDER / told.folder / "stack" / "logs") for told in stories)
    if failed:
        first = f"{len(failed)} of {len(results)} checks failed, the first: {failed[0].name}."
        text = f"{first} Read {logs}, then run `make demo` again."
    else:
        held = f"All {len(results)} checks held in {seconds:.0f} s, and nothing is left running."
        text = f"{held} Next: `make up`, and try it yourself."
    screen.last(text, good=not failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
