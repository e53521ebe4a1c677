"""A person goes back to 1.0.0, and the alarm goes off there: a revert is never reverted."""

from __future__ import annotations

from local.demo.checks import airflow, repo, told
from local.demo.checks.alarms import OK
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.scenes import red_before
from local.demo.health.scenes.stable_release import FIRST
from local.demo.scenes.scene import Scene
from local.demo.story import Story

BACK = Check("a person goes back to 1.0.0 with git revert", "s", airflow.runs_releases, "git revert → live")
SUPPRESSED = Check("the alarm goes off meanwhile: nothing is taken back for it", "events", told.told)
TIP = Check("nobody pushed anything on top", "branch", repo.tip_is)
RUNS = Check("Airflow runs 1.0.0 still", "DAGs", airflow.runs_releases)


def play(story: Story) -> None:
    """Where a machine that reverts its own reverts would go back and forth all night."""
    acts.calm(story)
    story.screen.command("git revert --no-edit HEAD")
    story.environment.revert()
    pushed = story.push("Revert it")
    story.until(BACK, story.expect(FIRST), limit=90, since=pushed)
    after = story.last_event()
    acts.ring(story)
    words = ("nothing is taken back", story.releases[FIRST].id, "was gone back to itself")
    story.until(SUPPRESSED, (told.Words(after, "RollbackSuppressed", words),), limit=60)
    acts.set_alarm(story, OK)
    story.quiet()
    story.judge(TIP, story.environment.head)
    story.judge(RUNS, story.expected)
    acts.number(story, red_before.GOOD, FIRST)


SCENE = Scene(
    "A revert is not reverted",
    "What was well before, and is not now, would not be mended by going back further, nor by going forth.",
    (BACK, SUPPRESSED, TIP, RUNS),
    play,
)
