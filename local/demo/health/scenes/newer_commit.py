"""1.4.0 is not well, and its cure is on the branch already when the alarm goes off: it is not undone."""

from __future__ import annotations

from pathlib import Path

from local.demo.checks import airflow, repo, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.expected import is_good
from local.demo.health.scenes.stable_release import FIRST
from local.demo.scenes.scene import Scene
from local.demo.story import Story
from local.processes import wait_until

BAD, CURE = "1.4.0", "1.4.1"

SUPPRESSED = Check("the alarm goes off: what somebody committed since is not undone", "events", told.told)
TIP = Check("the branch is at the cure still", "branch", repo.tip_is)
LIVE = Check("the sweep finds the cure: it is live", "s", airflow.runs_releases)
RAN = Check("a run of it succeeds", "s", airflow.executed)
STABLE = Check("1.4.1 becomes Stable", "events", told.told)


def play(story: Story) -> None:
    """Somebody was quicker than the machine."""
    acts.lift(story)
    acts.calm(story)
    acts.version_of_the_probe(story, FIRST, BAD, broken=True)
    acts.mend(story, BAD, CURE)
    acts.deploy(story, BAD)
    acts.live(story, story.expect(FIRST, changed=BAD))
    after = story.last_event()
    *chance, third, fourth = acts.enough("cured")
    acts.run(story, *chance)
    _after_a_sweep(story)
    story.environment.bump("dags", CURE)
    story.environment.commit(f"Deploy dags {CURE} to dev, which runs")
    pushed, _ = story.lose(f"Deploy dags {CURE} to dev (its webhook is lost)")
    acts.run(story, third, fourth)
    words = ("nothing is taken back", story.releases[CURE].id, "is not undone")
    story.until(SUPPRESSED, (told.Words(after, "RollbackSuppressed", words),), limit=45)
    story.until(LIVE, story.expect(FIRST, changed=CURE), limit=110, since=pushed)
    story.judge(TIP, story.environment.head)
    (run,) = acts.run(story, "cured")
    story.until(RAN, airflow.Said(run, "report", {"dag": CURE}), limit=60)
    story.until(STABLE, (told.Words(after, "BecameStable", (story.releases[CURE].id,)),), limit=120)
    is_good(story, CURE)


def _after_a_sweep(story: Story) -> None:
    """The next one is nearly a minute away: until then nobody finds a commit whose webhook is lost."""
    story.quiet()
    log = Path(story.info.logs) / "functions" / f"{story.info.functions['Reconcile']}.log"
    size = log.stat().st_size
    with story.screen.waiting("a sweep to be over"):
        wait_until(lambda: log.stat().st_size > size, 90, "a sweep")
    story.quiet()


SCENE = Scene(
    "A newer commit is not undone",
    "The tip of the branch names another release than the one that the alarm is about: people are called.",
    (SUPPRESSED, LIVE, TIP, RAN, STABLE),
    play,
)
