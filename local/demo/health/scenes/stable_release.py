"""1.0.0 is deployed, runs, and passes its bake: from now on there is something to go back to."""

from __future__ import annotations

from local.demo.checks import airflow, alarms, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.expected import is_good
from local.demo.health.record import DATA
from local.demo.scenes.scene import Scene
from local.demo.story import Story

FIRST = "1.0.0"
USUAL = range(7)
"""Loads of orders, so that one knows how many there usually are."""

RUNS = ("good-1", "good-2", "good-3")

LIVE = Check("1.0.0 is live", "s", airflow.runs_releases)
RAN = Check("it runs well", "s", airflow.executed)
STABLE = Check("an event says that it is Stable", "events", told.told)
OK = Check("its alarm says OK", "s", alarms.says)


def play(story: Story) -> None:
    """What a team has before anything goes wrong."""
    story.releases[FIRST] = story.publish(FIRST)
    pushed = acts.deploy(story, FIRST, "dags", "libs", "dbt")
    is_good(story, FIRST)
    story.until(LIVE, story.expect(FIRST), limit=180, since=pushed)
    if story.notes.get(DATA):
        acts.load(story, *USUAL)
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
