"""1.0.0 is deployed, runs, and passes its bake: from now on there is something to go back to."""

from __future__ import annotations

from local.demo.checks import airflow, alarms, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.scenes.scene import Scene
from local.demo.story import Story

FIRST = "1.0.0"
GOOD = "good"
"""The note that holds the commit which deployed it."""

RUNS = ("good-1", "good-2", "good-3")

LIVE = Check("1.0.0 is live", "s", airflow.runs_releases)
RAN = Check("it runs well", "s", airflow.executed)
STABLE = Check("an event says that it is Stable", "events", told.told)
OK = Check("its alarm says OK", "s", alarms.says)


def play(story: Story) -> None:
    """What a team has before anything goes wrong."""
    story.releases[FIRST] = story.publish(FIRST)
    pushed = acts.deploy(story, FIRST, "dags", "libs", "dbt")
    story.notes[GOOD] = story.environment.head
    story.until(LIVE, story.expect(FIRST), limit=180, since=pushed)
    runs = acts.run(story, *RUNS)
    story.until(RAN, airflow.Said(runs[-1], "report", {"dag": FIRST}), limit=60)
    story.until(STABLE, (told.Words(0, "BecameStable", (story.releases[FIRST].id,)),), limit=120)
    story.until(OK, alarms.Says(acts.ALARM, alarms.OK), limit=60)


SCENE = Scene(
    "1.0.0 passes its bake",
    "What was well for long enough is Stable: it is what an alarm goes back to.",
    (LIVE, RAN, STABLE, OK),
    play,
)
