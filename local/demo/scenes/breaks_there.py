"""1.5.0 was parsed and sealed, and does not import there: that DAG alone stays on the release it had."""

from __future__ import annotations

import time

from local.demo.checks import airflow, folder, told
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, Story

BEAT = "heartbeat"
FILE = f"dags/{BEAT}.py"
VARIABLE = "heartbeat_settings"
BROKEN, MENDED = '{"greeting": ', '{"greeting": "hello"}'
ANCHOR = "from airflow.sdk import dag, task\n"
READ = f"""\
from airflow.sdk import Variable, dag, task

SETTINGS = json.loads(Variable.get("{VARIABLE}", default="{{}}"))
"""

TOLD = Check("an event names the DAG and the error", "events", told.told)
HELD = Check(
    "all other DAGs are on 1.5.0, this one is back on 1.0.0",
    "s",
    airflow.runs_releases,
    "commit → live, a broken DAG put back",
)
LOADS = Check("its pointer loads 1.0.0", "DAG", folder.loads)
IMPORTED = Check("Airflow shows no import error any more", "errors", airflow.imports_everything)
RAN = Check("a run of it succeeds there", "s", airflow.succeeded)
SHOWN = Check("`reconciler status` names the DAG and the error", "words", told.shown)
LIVE = Check(
    "the Variable mended, `reconciler sync dev`: 1.5.0 is live for it too",
    "s",
    airflow.runs_releases,
    "mended and asked for → live",
)
RAN_NEW = Check("a run of it succeeds on 1.5.0", "s", airflow.succeeded)


def play(story: Story) -> None:
    """What no parsing beforehand can find: it depends on what is in that Airflow."""
    _set(story, BROKEN)
    story.code.edit(FILE, "from datetime import", "import json\nfrom datetime import", "Import json")
    story.code.edit(FILE, ANCHOR, READ, "Read settings from a Variable")
    story.code.edit(f"dags/{PROBE}.py", 'VERSION = "1.4.0"', 'VERSION = "1.5.0"', "Report 1.5.0")
    story.releases["1.5.0"] = story.publish("1.5.0", "dags")
    after = story.last_event()
    story.environment.bump("dags", "1.5.0")
    story.environment.commit("Deploy dags 1.5.0 to dev")
    pushed = story.push("Deploy dags 1.5.0 to dev")
    words = (BEAT, "JSONDecodeError")
    story.until(TOLD, (told.Words(after, "HealthCheckFailed", words),), limit=90, since=pushed)
    story.until(HELD, story.move("1.5.0", PROBE), limit=90, since=pushed)
    story.judge(LOADS, folder.Loads(BEAT, story.releases["1.0.0"].id))
    story.until(IMPORTED, 0, limit=30)
    run = airflow.Run(BEAT, "demo-held-back")
    story.until(RAN, run, 60, story.run(run.dag_id, run.run_id))
    story.until(SHOWN, words, limit=30)
    _set(story, MENDED)
    story.screen.command("reconciler sync dev")
    asked = time.monotonic()
    story.code.cli.run("sync", "dev").expect()
    story.until(LIVE, story.move("1.5.0", BEAT), limit=90, since=asked)
    run = airflow.Run(BEAT, "demo-mended")
    story.until(RAN_NEW, run, 60, story.run(run.dag_id, run.run_id))


def _set(story: Story, value: str) -> None:
    story.screen.command(f"airflow variables set {VARIABLE} '{value}'")
    story.outside.airflow.set_variable(VARIABLE, value)


SCENE = Scene(
    "A DAG that does not import there, although it was parsed before",
    f"1.5.0 lets {BEAT} read a Variable as it is imported. In this Airflow, what it holds is broken.",
    (TOLD, HELD, LOADS, IMPORTED, RAN, SHOWN, LIVE, RAN_NEW),
    play,
)
