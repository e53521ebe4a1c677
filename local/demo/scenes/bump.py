"""1.1.0 changes one DAG: that one is flipped, the others are not touched by a single byte."""

from __future__ import annotations

from local.demo.checks import airflow, folder
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, Story

FILE = f"dags/{PROBE}.py"

LIVE = Check("1.1.0 is live for the DAG it changes", "s", airflow.runs_releases, "commit → live")
UNTOUCHED = Check(
    "the other DAGs' pointers are byte-identical and were not written",
    "DAGs",
    folder.untouched,
    "DAGs not touched by the bump",
)
EXECUTED = Check("a run executes the code of 1.1.0", "s", airflow.executed)


def play(story: Story) -> None:
    """What a developer does twenty times a week."""
    story.code.edit(FILE, 'VERSION = "1.0.0"', 'VERSION = "1.1.0"', "Report 1.1.0")
    story.releases["1.1.0"] = story.publish("1.1.0", "dags")
    before = folder.Unchanged(story.outside.folder(), frozenset({folder.pointer(PROBE)}))
    story.environment.bump("dags", "1.1.0")
    story.environment.commit("Deploy dags 1.1.0 to dev")
    pushed = story.push("Deploy dags 1.1.0 to dev")
    story.until(LIVE, story.expect("1.0.0", changed="1.1.0"), limit=300, since=pushed)
    story.judge(UNTOUCHED, before)
    run = airflow.Run(PROBE, "demo-1.1.0")
    started = story.run(run.dag_id, run.run_id)
    story.until(EXECUTED, airflow.Said(run, "report", {"dag": "1.1.0", "library": "1.0.0"}), 60, started)


SCENE = Scene(
    "Bump dags to 1.1.0, which changes one DAG",
    f"Only {PROBE} differs in 1.1.0. Its pointer is one small file: it flips as a whole or not at all.",
    (LIVE, UNTOUCHED, EXECUTED),
    play,
)
