"""The alarm was red before 1.2.0 was deployed: whatever it does then, 1.2.0 is not to blame."""

from __future__ import annotations

from local.demo.checks import airflow, alarms, repo, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.scenes.stable_release import FIRST
from local.demo.scenes.scene import Scene
from local.demo.story import Story

GOOD = "1.2.0"

RED = Check("the alarm is red, and 1.2.0 is deployed all the same", "s", airflow.runs_releases)
SUPPRESSED = Check("it goes off again: an event says why nothing is taken back", "events", told.told)
TIP = Check("nobody pushed anything", "branch", repo.tip_is)
STAYS = Check("1.2.0 stays, and is Stable in the end", "events", told.told)
RUNS = Check("Airflow runs it", "DAGs", airflow.runs_releases)


def play(story: Story) -> None:
    """What a naive machine would take back at once."""
    acts.lift(story)
    acts.calm(story)
    acts.version_of_the_probe(story, FIRST, GOOD)
    before = story.last_event()
    acts.set_alarm(story, alarms.ALARM)
    _heard(story, before)
    pushed = acts.deploy(story, GOOD)
    story.until(RED, story.expect(FIRST, changed=GOOD), limit=90, since=pushed)
    after, release = story.last_event(), story.releases[GOOD].id
    acts.ring(story)
    words = ("nothing is taken back", "ALARM already", release)
    story.until(SUPPRESSED, (told.Words(after, "RollbackSuppressed", words),), limit=60)
    acts.set_alarm(story, alarms.OK)
    story.until(STAYS, (told.Words(after, "BecameStable", (release,)),), limit=120)
    story.judge(TIP, story.environment.head)
    story.judge(RUNS, story.expected)


def _heard(story: Story, before: int) -> None:
    """What the alarm means for the release before is not what this scene is about."""
    words = (told.Words(before, "RollbackSuppressed", ()),)
    acts.wait_for(story, told.told, words, 60, "the alarm to be heard of")


SCENE = Scene(
    "An alarm that was red before",
    "Whatever is wrong was wrong before the release came: the release is not what caused it.",
    (RED, SUPPRESSED, STAYS, TIP, RUNS),
    play,
)
