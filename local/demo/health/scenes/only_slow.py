"""1.5.0 takes twenty times as long as it used to: people are warned, and nothing is taken back."""

from __future__ import annotations

from local.demo.checks import airflow, alarms, repo, told
from local.demo.checks.airflow import Run
from local.demo.checks.check import Check
from local.demo.code_repo import SLOW
from local.demo.environment_repo import ENVIRONMENT
from local.demo.health import acts
from local.demo.health.expected import is_good
from local.demo.health.stage import BAKE_MINUTES
from local.demo.scenes.scene import Scene
from local.demo.story import Story

VERSION = "1.5.0"
FILE = f"dags/{SLOW}.py"
USUAL, SECONDS = 6, 2
"""So many runs were before, and so long is each told to take."""

LONGER = "minutes: 1.5"

LIVE = Check("1.5.0 is live", "s", airflow.runs_releases)
WARNED = Check("an event warns of it while its runs are under way", "events", told.told)
QUIET = Check("the alarm says OK", "alarm", alarms.says)
ENDED = Check("its runs end well", "s", airflow.succeeded)
STABLE = Check("1.5.0 becomes Stable", "events", told.told)
TIP = Check("nobody pushed anything because of it", "branch", repo.tip_is)


def play(story: Story) -> None:
    """Slow is not wrong: whether it matters is for people to say."""
    _bake_for_longer(story)
    _run_as_usual(story)
    story.code.edit(FILE, 'VERSION = "1.0.0"', f'VERSION = "{VERSION}"', f"Report {VERSION}")
    story.code.edit(FILE, "time.monotonic() + seconds", "time.monotonic() + 20 * seconds", "Collect more")
    story.releases[VERSION] = story.publish(VERSION, "dags")
    acts.calm(story)
    after, release = story.last_event(), story.releases[VERSION].id
    pushed = acts.deploy(story, VERSION)
    story.until(LIVE, story.move(VERSION, SLOW), limit=90, since=pushed)
    runs = _start(story, "slow", 2)
    story.until(WARNED, (told.Words(after, "HealthWarning", (release, "slow-runs", SLOW)),), limit=90)
    story.judge(QUIET, alarms.Says(acts.ALARM, alarms.OK))
    story.until(ENDED, runs[-1], limit=90)
    story.until(STABLE, (told.Words(after, "BecameStable", (release,)),), limit=180)
    story.judge(TIP, story.environment.head)
    is_good(story, VERSION)


def _bake_for_longer(story: Story) -> None:
    """That something is slow, or gone, takes a while to see."""
    story.environment.replace(ENVIRONMENT, rf"minutes: {BAKE_MINUTES}", LONGER)
    story.environment.commit("Let dev bake for longer")
    story.push("Let dev bake for longer")


def _run_as_usual(story: Story) -> None:
    """One after the other, so that each takes as long as it usually does."""
    for number in range(USUAL):
        (run,) = _start(story, f"usual-{number}", 1)
        acts.wait_for(story, airflow.succeeded, run, 60, f"{run.run_id} to end")


def _start(story: Story, name: str, times: int) -> list[Run]:
    runs = [Run(SLOW, f"{name}-{number}") for number in range(times)]
    story.outside.airflow.unpause(SLOW)
    for run in runs:
        story.screen.command(f"airflow dags trigger {SLOW} --conf '{{\"seconds\": {SECONDS}}}'")
        story.outside.airflow.trigger(SLOW, run.run_id, {"seconds": SECONDS})
    return runs


SCENE = Scene(
    "A release that is only slow",
    "A signal is worth what the environment says: this one warns people, and sets off no alarm.",
    (LIVE, WARNED, QUIET, ENDED, STABLE, TIP),
    play,
)
