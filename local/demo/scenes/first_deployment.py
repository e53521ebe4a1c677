"""Publish 1.0.0, commit the pointer: 25 DAGs appear in Airflow, and a real pipeline moves rows."""

from __future__ import annotations

from local.demo.checks import airflow, films
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import Story

LIVE = Check(
    "1.0.0 is live: every DAG carries its release in Airflow", "s", airflow.runs_releases, "first push → live"
)
COUNTED = Check("Airflow lists these DAGs and no others", "DAGs", airflow.runs_releases, "DAGs live")
IMPORTED = Check("Airflow reports no import error", "errors", airflow.imports_everything)
RAN = Check("films_elt copies and rates the films: its run succeeds", "s", airflow.succeeded)
ARRIVED = Check(
    "every row of the source is in the destination", "rows", films.rows, "rows in the destination"
)
RAN_AGAIN = Check("films_elt runs a second time and succeeds", "s", airflow.succeeded, "films_elt, one run")
SAME = Check("the second run duplicated no row", "rows", films.rows, "rows after a second run")

VERSIONS = ("dags", "libs", "dbt")


def play(story: Story) -> None:
    """What a team does on its first day."""
    story.releases["1.0.0"] = story.publish("1.0.0")
    for component in VERSIONS:
        story.environment.bump(component, "1.0.0")
    story.environment.commit("Deploy 1.0.0 to dev")
    pushed = story.push("Deploy 1.0.0 to dev")
    story.until(LIVE, story.expect("1.0.0"), limit=180, since=pushed)
    story.judge(COUNTED, story.expect("1.0.0"))
    story.judge(IMPORTED, 0)
    rows = story.outside.source_films()
    for number, (ran, counted) in enumerate(((RAN, ARRIVED), (RAN_AGAIN, SAME)), 1):
        run = airflow.Run("films_elt", f"demo-{number}")
        story.until(ran, run, limit=180, since=story.run(run.dag_id, run.run_id))
        story.judge(counted, rows)


SCENE = Scene(
    "Publish 1.0.0 and commit the pointer",
    "25 DAGs are built, parsed together and stored once; a commit to the environment repo makes them live.",
    (LIVE, COUNTED, IMPORTED, RAN, ARRIVED, RAN_AGAIN, SAME),
    play,
)
