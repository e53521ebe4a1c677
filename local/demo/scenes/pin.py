"""A DAG that is pinned stays behind while the rest moves on, until its pin is lifted."""

from __future__ import annotations

from local.demo.checks import airflow, folder, told
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import Story

PINNED, FREE, VERSION = "generated_0001", "generated_0002", "1.8.0"
REASON = "its numbers are being audited"

MOVED = Check(
    "1.8.0 changes two DAGs: the free one is live, the pinned one stays behind", "s", airflow.runs_releases
)
STAYS = Check("its pointer still loads 1.7.0", "DAG", folder.loads)
SHOWN = Check("`reconciler status` says what is pinned, by whom and why", "words", told.shown)
FOLLOWS = Check("its pin lifted, it follows", "s", airflow.runs_releases, "pin lifted → live")


def play(story: Story) -> None:
    """What a team does when everything may go on but one thing."""
    before, ana, environment = story.expected[PINNED], story.person("Ana"), story.environment
    story.run_as(ana, "hold", "dev", "--dag", PINNED, "--reason", REASON).expect()
    environment.pull()
    for dag_id in (PINNED, FREE):
        story.code.edit(f"dags/{dag_id}.py", "return 2\n", "return 3\n", "Return 3")
    story.releases[VERSION] = story.publish(VERSION, "dags")
    environment.bump("dags", VERSION)
    environment.commit(f"Deploy dags {VERSION} to dev")
    pushed = story.push(f"Deploy dags {VERSION} to dev")
    story.until(MOVED, story.move(VERSION, FREE), limit=90, since=pushed)
    story.judge(STAYS, folder.Loads(PINNED, before))
    story.until(SHOWN, (PINNED, ana.name, REASON), limit=30)
    story.run_as(ana, "release", "dev", "--dag", PINNED, "--reason", "they are right").expect()
    story.until(FOLLOWS, story.move(VERSION, PINNED), limit=90)
    environment.pull()


SCENE = Scene(
    "A DAG that stays behind",
    "One commit pins a DAG to what it runs. The rest of each release goes by it, and everybody sees why.",
    (MOVED, STAYS, SHOWN, FOLLOWS),
    play,
)
