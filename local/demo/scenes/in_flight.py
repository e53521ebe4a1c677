"""1.3.0 changes what a DAG's tasks do while a run of it is in flight: nobody waits, and nothing is torn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.demo.checks import airflow
from local.demo.checks.check import Check
from local.demo.code_repo import SLOW
from local.demo.scenes.scene import Scene
from local.demo.story import SLOW_TASKS, Story

FILE = f"dags/{SLOW}.py"
FIRST_MINUTE = "first minute"
"""The note that holds the first minute for which SLOW, un-paused now, has to have a run."""

LIVE = Check(
    "1.3.0 is live although a run is in flight",
    "s",
    airflow.runs_releases,
    "commit → live, with a run in flight",
)
RUNNING = Check("that run is in flight still: nobody waited for it", "run", airflow.running)
OLD = Check(
    "it finishes on 1.0.0, with the tasks that begin after the flip", "tasks", airflow.executed_throughout
)
NEW = Check("the next run executes 1.3.0 in all its tasks", "tasks", airflow.executed_throughout)
UNPAUSED = Check("the DAG was not paused for it", "times", airflow.never_switched)


def play(story: Story) -> None:
    """What a team that releases twenty times a week does not want to think about."""
    story.screen.command(f"airflow dags unpause {SLOW}")
    story.outside.airflow.unpause(SLOW)
    story.notes[FIRST_MINUTE] = this_minute() + timedelta(minutes=1)
    story.code.edit(FILE, 'VERSION = "1.0.0"', 'VERSION = "1.3.0"', "Report 1.3.0")
    story.releases["1.3.0"] = story.publish("1.3.0", "dags")
    switched = airflow.Switched(SLOW, len(story.outside.switched(SLOW)))
    run = airflow.Run(SLOW, "demo-in-flight")
    story.run_slowly(run.run_id)
    story.environment.bump("dags", "1.3.0")
    story.environment.commit("Deploy dags 1.3.0 to dev")
    pushed = story.push("Deploy dags 1.3.0 to dev")
    story.until(LIVE, story.move("1.3.0", SLOW), limit=60, since=pushed)
    story.judge(RUNNING, run)
    story.enough(run.run_id)
    old = {"dag": "1.0.0", "library": "1.0.0"}
    story.until(OLD, airflow.Throughout(run, SLOW_TASKS, old), limit=60)
    following = airflow.Run(SLOW, "demo-after-the-flip")
    story.run_slowly(following.run_id, 1)
    new = airflow.Throughout(following, SLOW_TASKS, old | {"dag": "1.3.0"})
    story.until(NEW, new, limit=90)
    story.judge(UNPAUSED, switched)


def this_minute() -> datetime:
    """The minute that has begun, UTC."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


SCENE = Scene(
    "Change a DAG while a run of it is in flight",
    f"1.3.0 changes what the tasks of {SLOW} do. A run finishes on the code that it began with.",
    (LIVE, RUNNING, OLD, NEW, UNPAUSED),
    play,
)
