"""A version that does not import is refused before it is anywhere near Airflow."""

from __future__ import annotations

from local.demo.checks import folder, told
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, Story

FILE = f"dags/{PROBE}.py"
ANCHOR = "from airflow.sdk import dag, task\n"
MISTAKE = "from lib.misspelt import nothing"

REFUSED = Check("publish refuses to seal it and names file and line", "(exit code)", told.refused)
SAFE = Check("nothing was sealed, nothing live changed", "changes", folder.nothing_changed)
SAFE_WHEN_NAMED = Check(
    "a commit that deploys it all the same changes nothing live", "changes", folder.nothing_changed
)
TOLD = Check("an event says that it is not sealed, and which command to run", "events", told.told)


def play(story: Story) -> None:
    """A mistake that every team makes."""
    before, after = story.live(), story.last_event()
    story.code.edit(FILE, ANCHOR, f"{ANCHOR}{MISTAKE}\n", "Import what is not there")
    line = story.code.line_of(FILE, MISTAKE)
    build = " ".join(story.code.build("1.2.0", "dags"))
    story.screen.command(f"reconciler {build} && reconciler publish dags --version 1.2.0")
    ended = story.code.try_publish("1.2.0", "dags")
    words = (f"{FILE}:{line}", "lib.misspelt")
    story.judge(REFUSED, told.Refusal(ended.exit_code, ended.stdout + ended.stderr, words))
    story.judge(SAFE, before)
    story.code.undo()
    story.environment.bump("dags", "1.2.0")
    story.environment.commit("Deploy dags 1.2.0 to dev")
    story.push("Deploy dags 1.2.0 to dev")
    words_of_event = ("not sealed", "dags 1.2.0", "reconciler seal dev")
    story.until(TOLD, (told.Words(after, "ArtifactFailed", words_of_event),), limit=60)
    story.quiet()
    story.judge(SAFE_WHEN_NAMED, before)
    story.environment.revert()
    story.push("Revert it")


SCENE = Scene(
    "A version that does not import",
    "Every combination of versions is parsed with Airflow before; what was not cannot be deployed.",
    (REFUSED, SAFE, TOLD, SAFE_WHEN_NAMED),
    play,
)
