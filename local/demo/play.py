"""Plays the scenes one after the other. A scene that raises fails its checks; the others are played."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from local.demo.report import Result
from local.demo.scenes.scene import Scene
from local.demo.story import Story

LINES = 12
"""So much of an error is shown."""


def play(story: Story, scenes: Sequence[Scene]) -> None:
    """Play all of them; every declared check has a result afterwards."""
    for number, scene in enumerate(scenes, 1):
        story.screen.scene(f"{number}/{len(scenes)}", scene.title, scene.text)
        before = len(story.results)
        try:
            scene.play(story)
            why = "the scene ended without judging it"
        except Exception as error:  # one scene's trouble must not hide what the others show
            why = f"the scene raised {type(error).__name__}: {error}"
            story.screen.trouble(f"{_begin_of(why)}\n{_where(error)}\nlogs: {story.info.logs}")
        _fail_the_rest(story, scene, before, why)


def _fail_the_rest(story: Story, scene: Scene, before: int, why: str) -> None:
    judged = {result.name for result in story.results[before:]}
    missing = [check for check in scene.checks if check.name not in judged]
    for check in missing:
        result = Result(check.name, False, 0, check.unit, f"not reached: {why}".splitlines()[0])
        story.results.append(result)
        story.screen.result(result)
    if why.startswith("the scene raised") and not missing:
        story.results.append(Result(f"{scene.title}: played to its end", False, 0, "", why))


def _begin_of(text: str) -> str:
    """A command may have said much; its first lines are what helps."""
    lines = text.splitlines()
    more = len(lines) - LINES
    return "\n".join([*lines[:LINES], *([f"... and {more} more lines"] if more > 0 else [])])


def _where(error: Exception) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/local/" in frame.filename]
    return "\n".join(f"at {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-3:])
