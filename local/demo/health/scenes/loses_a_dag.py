"""1.6.0 imports, and one of its files comes to define no DAG any more: the loader misses it."""

from __future__ import annotations

import time

from local.demo.checks import airflow, alarms, git, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.expected import GOOD, revert_of
from local.demo.scenes.scene import Scene
from local.demo.story import Story

VERSION, LOST, VARIABLE = "1.6.0", "heartbeat", "heartbeat_wanted"
FILE = f"dags/{LOST}.py"

LIVE = Check("1.6.0 is live, all of it", "s", airflow.runs_releases)
TOLD = Check("an event names the file that does not make its DAG any more", "events", told.told)
RANG = Check("the alarm goes off", "s", alarms.says, "a DAG is lost → alarm")
COMMITTED = Check("one commit takes 1.6.0 back", "s", git.one_commit)
BACK = Check(
    "the release before it is back, with all of its DAGs", "s", airflow.runs_releases, "its alarm → live"
)
POINTER = Check("the pointer is that of the release before it, byte for byte", "bytes", git.pointer_restored)


def play(story: Story) -> None:
    """A factory that reads what it makes from outside may make nothing.

    Airflow alone would only let the DAG go; a pointer names the DAG that its file has to define.
    """
    story.code.edit(FILE, "import dag, task", "import Variable, dag, task", "Import Variable")
    only = f'\n\nif Variable.get("{VARIABLE}", default="yes") == "yes":\n    {LOST}()\n'
    story.code.edit(FILE, f"\n\n{LOST}()\n", only, "Beat only where it is wanted")
    story.releases[VERSION] = story.publish(VERSION, "dags")
    acts.calm(story)
    after, before = story.last_event(), dict(story.expected)
    pushed = acts.deploy(story, VERSION)
    expected = revert_of(story, VERSION)
    story.until(LIVE, story.move(VERSION, LOST), limit=90, since=pushed)
    story.screen.command(f"airflow variables set {VARIABLE} no")
    story.outside.airflow.set_variable(VARIABLE, "no")
    lost = time.monotonic()
    story.until(RANG, alarms.Says(acts.ALARM, alarms.ALARM), limit=120, since=lost)
    rang = time.monotonic()
    story.until(COMMITTED, expected, limit=60, since=rang)
    good, _ = story.notes[GOOD]
    story.expected = before
    story.until(BACK, story.move(good, LOST), limit=90, since=rang)
    words = (story.releases[VERSION].id, "import-errors", LOST)
    story.until(TOLD, (told.Words(after, "HealthCheckFailed", words),), limit=60)
    story.judge(POINTER, expected)
    story.environment.pull()


SCENE = Scene(
    "A release that silently loses a DAG",
    f"1.6.0 makes {LOST} only where a Variable says so. Its own code raises nothing; the loader "
    "misses the DAG that the file is there for, and tells that as an import error.",
    (LIVE, RANG, COMMITTED, BACK, TOLD, POINTER),
    play,
)
