"""`git revert`, push: the version before is back."""

from __future__ import annotations

from local.demo.checks import airflow, folder
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, Story

LIVE = Check("1.0.0 is back", "s", airflow.runs_releases, "revert → live")
LOADS = Check("the pointer of the DAG loads release 1.0.0", "DAG", folder.loads)
EXECUTED = Check("a run executes the code of 1.0.0", "s", airflow.executed)


def play(story: Story) -> None:
    """What anybody on call can do."""
    story.screen.command("git revert --no-edit HEAD")
    story.environment.revert()
    pushed = story.push('Revert "Deploy dags 1.1.0 to dev"')
    story.until(LIVE, story.expect("1.0.0"), limit=300, since=pushed)
    story.judge(LOADS, folder.Loads(PROBE, story.releases["1.0.0"].id))
    run = airflow.Run(PROBE, "demo-reverted")
    started = story.run(run.dag_id, run.run_id)
    story.until(EXECUTED, airflow.Said(run, "report", {"dag": "1.0.0"}), 60, started)


SCENE = Scene(
    "Roll back with git revert",
    "No button and no runbook: the commit is undone, and what runs follows.",
    (LIVE, LOADS, EXECUTED),
    play,
)
