"""1.4.0 changes a DAG's graph while a run of it is in flight: that DAG alone waits, and no run is lost."""

from __future__ import annotations

from local.demo.checks import airflow, folder, told
from local.demo.checks.check import Check
from local.demo.code_repo import SLOW
from local.demo.scenes.in_flight import FIRST_MINUTE, this_minute
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, SLOW_TASKS, Story

FILE = f"dags/{SLOW}.py"
CALL = "    summarise(collect())\n"
THIRD_TASK = '''\
    @task
    def archive(summary: dict[str, str]) -> dict[str, str]:
        """Say which code runs last."""
        print(f"Archiving {summary}")
        return {"dag": VERSION, "library": LIBRARY_VERSION}

    archive(summarise(collect()))
'''
UNTIL = "It is told again if it lasts beyond"
"""The message goes on with the moment."""

OTHERS = Check(
    "all that 1.4.0 changes is live at once, but for this DAG",
    "s",
    airflow.runs_releases,
    "commit → live, another DAG waiting",
)
TOLD = Check("an event says that it waits, for which run, and until when", "events", told.told)
SHOWN = Check("`reconciler status` says the same", "words", told.shown)
STAYS = Check("its pointer still loads 1.3.0", "DAG", folder.loads)
OLD = Check("the run in flight ends well, on 1.3.0 in all its tasks", "tasks", airflow.executed_throughout)
LIVE = Check("then 1.4.0 is live for this DAG", "s", airflow.runs_releases, "end of the run → graph changed")
UNPAUSED = Check(
    "it was paused for the flip alone, and is not any more",
    "seconds",
    airflow.paused_for_the_flip,
    "how long a DAG is paused for its new graph",
)
NEW = Check("the next run executes 1.4.0, the new task too", "tasks", airflow.executed_throughout)
NONE_LOST = Check(
    "it is due each minute: no run was lost in both scenes",
    "runs",
    airflow.ran_each_minute,
    "runs due and not lost",
)


def play(story: Story) -> None:
    """What cannot be done under a run in flight: the scheduler would apply the new graph to it."""
    story.code.edit(FILE, CALL, THIRD_TASK, "Archive the report")
    story.code.edit(FILE, 'VERSION = "1.3.0"', 'VERSION = "1.4.0"', "Report 1.4.0")
    story.code.edit(f"dags/{PROBE}.py", 'VERSION = "1.1.0"', 'VERSION = "1.4.0"', "Report 1.4.0")
    story.releases["1.4.0"] = story.publish("1.4.0", "dags")
    after = story.last_event()
    switched = airflow.Switched(SLOW, len(story.outside.switched(SLOW)))
    run = airflow.Run(SLOW, "demo-in-the-way")
    story.run_slowly(run.run_id)
    story.environment.bump("dags", "1.4.0")
    story.environment.commit("Deploy dags 1.4.0 to dev")
    pushed = story.push("Deploy dags 1.4.0 to dev")
    story.until(OTHERS, story.move("1.4.0", PROBE), limit=60, since=pushed)
    words = (SLOW, run.run_id, UNTIL)
    story.until(TOLD, (told.Words(after, "InFlightRuns", words),), limit=60)
    story.until(SHOWN, words, limit=60)
    story.judge(STAYS, folder.Loads(SLOW, story.releases["1.3.0"].id))
    story.enough(run.run_id)
    story.until(OLD, airflow.Throughout(run, SLOW_TASKS, {"dag": "1.3.0"}), limit=60)
    story.until(LIVE, story.move("1.4.0", SLOW), limit=200)
    story.until(UNPAUSED, switched, limit=60)
    following = airflow.Run(SLOW, "demo-three-tasks")
    story.run_slowly(following.run_id, 1)
    story.until(NEW, airflow.Throughout(following, (*SLOW_TASKS, "archive"), {"dag": "1.4.0"}), limit=60)
    story.until(NONE_LOST, airflow.EachMinute(SLOW, story.notes[FIRST_MINUTE], this_minute()), limit=90)


SCENE = Scene(
    "Change a DAG's graph while a run of it is in flight",
    f"1.4.0 gives {SLOW} a third task. Airflow would apply that to the run, so this DAG waits, and no other.",
    (OTHERS, TOLD, SHOWN, STAYS, OLD, LIVE, UNPAUSED, NEW, NONE_LOST),
    play,
)
