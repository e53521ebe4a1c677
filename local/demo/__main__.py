"""`python -m local.demo`: what `make demo` calls. Exit code 1 if any check failed, 130 after Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import time

from local.demo import report
from local.demo.play import play
from local.demo.report import Result
from local.demo.scenes import SCENES
from local.demo.screen import Screen
from local.demo.stage import set_up
from local.demo.story import Story
from local.errors import LocalError
from local.options import ROOT

FOLDER = ROOT / ".demo"


def main() -> int:
    """Tell the story; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    screen, begin = Screen(), time.monotonic()
    (FOLDER / "report.json").unlink(missing_ok=True)
    screen.line("Starting Airflow, Git, PostgreSQL and AWS on this machine ...")
    try:
        with set_up(FOLDER, screen, Story) as story:
            play(story, SCENES)
    except LocalError as error:
        screen.trouble(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        screen.trouble("interrupted; everything was ended")
        return 130
    report.write(FOLDER / "report.json", story.results)
    return conclude(screen, story.results, time.monotonic() - begin)


def conclude(screen: Screen, results: list[Result], seconds: float) -> int:
    """Show what was measured, and what to do next; returns the exit code."""
    titles = {check.name: check.measures for scene in SCENES for check in scene.checks if check.measures}
    screen.table([(titles[result.name], result) for result in results if result.name in titles])
    failed = [result for result in results if not result.held]
    logs = os.path.relpath(FOLDER / "stack" / "logs")
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
