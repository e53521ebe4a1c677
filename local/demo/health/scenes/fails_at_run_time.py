"""1.1.0 imports, parses, goes live, and fails as soon as it runs: it is taken back before anyone is awake."""

from __future__ import annotations

import time

from local.demo.checks import airflow, alarms, git, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.expected import revert_of
from local.demo.health.scenes.stable_release import FIRST
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, Story

BAD = "1.1.0"

LIVE = Check("1.1.0 is live: nothing that was looked at before could tell", "s", airflow.runs_releases)
FAILED = Check("its runs fail", "s", airflow.failed)
RANG = Check("CloudWatch's alarm goes off", "s", alarms.says, "failed runs → alarm")
COMMITTED = Check("one commit is on the branch, by the reverter", "s", git.one_commit, "alarm → commit")
BACK = Check("1.0.0 is back", "s", airflow.runs_releases, "alarm → live")
GREEN = Check(
    "a new run executes the code of 1.0.0, and every check is green",
    "s",
    airflow.well,
    "alarm → live and checks green",
)
AGAIN = Check("the runs that failed ran again, on 1.0.0", "runs", airflow.ran_again)
SIGNED = Check("git finds the reverter's good signature on the commit", "commit", git.signed)
TRAILERS = Check("its trailers say what it takes back, and why", "trailers", git.trailers)
POINTER = Check("its pointer is that of 1.0.0, byte for byte", "bytes", git.pointer_restored)
HELD = Check("1.1.0 is quarantined, and dev held at 1.0.0", "commit", git.held_and_quarantined)
TOLD = Check("events say what was wrong, and what was done", "events", told.told)
THROUGH = Check("one message says that all of it is over", "events", told.told)


def play(story: Story) -> None:
    """Nobody does anything after the push."""
    acts.version_of_the_probe(story, FIRST, BAD, broken=True)
    acts.calm(story)
    after = story.last_event()
    pushed = acts.deploy(story, BAD)
    expected = revert_of(story, BAD)
    story.until(LIVE, story.expect(FIRST, changed=BAD), limit=90, since=pushed)
    runs = acts.run(story, *acts.enough("bad"))
    story.until(FAILED, runs, limit=60)
    story.until(RANG, alarms.Says(acts.ALARM, alarms.ALARM), limit=60)
    rang = time.monotonic()
    story.until(COMMITTED, expected, limit=60, since=rang)
    story.until(BACK, story.expect(FIRST), limit=60, since=rang)
    (new,) = acts.run(story, "after-revert")
    said = airflow.Said(new, "report", {"dag": FIRST})
    story.until(GREEN, airflow.Well(story.expected, said), limit=60, since=rang)
    story.until(AGAIN, airflow.Again(runs, "report", {"dag": FIRST}), limit=90)
    for check in (SIGNED, TRAILERS, POINTER, HELD):
        story.judge(check, expected)
    bad = story.releases[BAD].id
    words = (
        told.Words(after, "HealthCheckFailed", (bad, "failed-runs", PROBE)),
        told.Words(after, "RevertCommitted", (bad, story.releases[FIRST].id, acts.ALARM)),
    )
    story.until(TOLD, words, limit=60)
    over = (told.Words(after, "RollbackVerified", (bad, story.releases[FIRST].id, "failed-runs")),)
    story.until(THROUGH, over, limit=120)
    acts.back_to(story, FIRST, BAD)
    story.environment.pull()


SCENE = Scene(
    "A release whose DAG fails at run time",
    "1.1.0 was parsed and sealed, and goes live. Its runs fail; an alarm of CloudWatch goes off; the release "
    "before it is back by one signed commit, and what failed runs again.",
    (
        *(LIVE, FAILED, RANG, COMMITTED, BACK, GREEN, AGAIN),
        *(SIGNED, TRAILERS, POINTER, HELD, TOLD, THROUGH),
    ),
    play,
)
