"""1.6.0 imports without an error, and one of its files comes to define no DAG any more: that is seen."""

from __future__ import annotations

import time

from local.demo.checks import airflow, alarms, git, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.expected import revert_of
from local.demo.scenes.scene import Scene
from local.demo.story import Story

VERSION, LOST, VARIABLE = "1.6.0", "heartbeat", "heartbeat_wanted"
FILE = f"dags/{LOST}.py"
LIVE = Check("1.6.0 is live, all of it", "s", airflow.runs_releases)
SILENT = Check("a DAG is gone, and Airflow reports no import error", "errors", airflow.imports_everything)
TOLD = Check("an event names the DAG that is not there any more", "events", told.told)
RANG = Check("the alarm goes off", "s", alarms.says, "a DAG is lost → alarm")
COMMITTED = Check("one commit takes 1.6.0 back", "s", git.one_commit)
BACK = Check(
    "the release before it is back, with all of its DAGs", "s", airflow.runs_releases, "its alarm → live"
)
POINTER = Check("the pointer is that of the release before it, byte for byte", "bytes", git.pointer_restored)


def play(story: Story) -> None:
    """A factory that reads what it makes from outside may make nothing, without a word."""
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
    story.judge(SILENT, 0)
    story.until(COMMITTED, expected, limit=60, since=rang)
    words = (story.releases[VERSION].id, "dags-present", LOST)
    story.until(TOLD, (told.Words(after, "HealthCheckFailed", words),), limit=60)
    story.expected = before
    story.until(BACK, before, limit=90, since=rang)
    story.judge(POINTER, expected)
    story.environment.pull()


SCENE = Scene(
    "A release that silently loses a DAG",
    f"1.6.0 makes {LOST} only where a Variable says so. Every file imports; what is not there is missed.",
    (LIVE, RANG, SILENT, COMMITTED, TOLD, BACK, POINTER),
    play,
)
