"""SIGKILL, three times: while a DAG is paused, while pointers are written, and while Airflow parses them.

After a kill nobody else may work on the environment until the dead tick's lease has run out: the scene waits
for that twice. The third kill hits a tick that has written everything; what is left, Airflow does by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from local.aws import client
from local.demo.checks import airflow, folder, functions
from local.demo.checks.check import Check
from local.demo.code_repo import SLOW
from local.demo.functions import Functions
from local.demo.scenes.breaks_there import BEAT
from local.demo.scenes.in_flight import this_minute
from local.demo.scenes.scene import Scene
from local.demo.story import SLOW_TASKS, Story

CALL = "    beat()\n"
SECOND_TASK = """\
    @task
    def remember(at: str) -> str:
        return at

    remember(beat())
"""
WORK = 90
"""Seconds that a tick may take here, once it may begin."""

TAKEN_OVER = Check(
    "killed while a DAG is paused for its new graph: the next tick goes on, 1.6.0 is live",
    "s",
    airflow.runs_releases,
    "kill → taken over, un-paused and live",
)
UNPAUSED = Check("and un-pauses it", "s", airflow.paused_as)
WRITTEN = Check(
    "killed while it writes pointers: the next tick writes the rest",
    "s",
    folder.each_written,
    "kill → taken over, the rest written",
)
LIVE = Check("killed while Airflow parses them: 1.7.0 is live all the same", "s", airflow.runs_releases)
KILLED = Check("each kill cut off a tick that was at work", "ticks", functions.killed)
ONCE = Check("every pointer was written once for all that", "writes", folder.each_written)
AS_BEFORE = Check("every DAG is paused, or not, as people left it", "DAGs", airflow.paused_as)
UNHARMED = Check(
    "the run in flight ended well, on 1.4.0 in all its tasks", "tasks", airflow.executed_throughout
)
NONE_LOST = Check("the scheduler went on by itself: no run was lost", "runs", airflow.ran_each_minute)


def play(story: Story) -> None:
    """What happens when memory runs out, a host dies, or somebody deploys the function at a bad moment."""
    first = this_minute() + timedelta(minutes=1)
    paused = {dag_id: dag.paused for dag_id, dag in story.outside.dags().items()}
    killed: list[str] = []
    beat = _while_paused(story, killed)
    rest, ran = _while_writing(story, killed)
    story.judge(KILLED, tuple(killed))
    story.judge(ONCE, (beat, *rest))
    story.judge(AS_BEFORE, paused)
    story.enough(ran.run.run_id)
    story.until(UNHARMED, ran, limit=60)
    story.until(NONE_LOST, airflow.EachMinute(SLOW, first, this_minute()), limit=90)


def _while_paused(story: Story, killed: list[str]) -> folder.Written:
    """A new graph, and a kill as soon as Airflow says that the DAG is paused."""
    story.code.edit(f"dags/{BEAT}.py", CALL, SECOND_TASK, "Remember the beat")
    story.releases["1.6.0"] = story.publish("1.6.0", "dags")
    versions = len(story.outside.versions(folder.pointer(BEAT)))
    _deploy(story, "1.6.0")
    at = _kill(story, killed, lambda: story.outside.dags()[BEAT].paused, f"{BEAT} is paused", WORK)
    _publish_the_next(story)
    limit = lease_seconds(story) + WORK
    story.until(TAKEN_OVER, story.move("1.6.0", BEAT), limit, since=at)
    story.until(UNPAUSED, {BEAT: False}, limit, since=at)
    story.quiet()
    return folder.Written(BEAT, versions, (story.releases["1.6.0"].id,))


def _publish_the_next(story: Story) -> None:
    story.code.edit_each("dags/generated_*.py", "return 1\n", "return 2\n", "Return 2")
    story.code.edit(f"dags/{SLOW}.py", 'VERSION = "1.4.0"', 'VERSION = "1.7.0"', "Report 1.7.0")
    story.releases["1.7.0"] = story.publish("1.7.0", "dags")


def _while_writing(story: Story, killed: list[str]) -> tuple[tuple[folder.Written, ...], airflow.Throughout]:
    """Many new pointers: a kill at the first of them, and one as soon as the last is there."""
    lease, outside = lease_seconds(story), story.outside
    dag_ids = [SLOW, *(one for one in story.expected if one.startswith("generated_"))]
    release = story.releases["1.7.0"].id
    written = tuple(
        folder.Written(one, len(outside.versions(folder.pointer(one))), (release,)) for one in dag_ids
    )
    run = airflow.Run(SLOW, "demo-unharmed")
    story.run_slowly(run.run_id)
    before = outside.etags()
    _deploy(story, "1.7.0")
    at = _kill(story, killed, lambda: _new(before, outside.etags()) > 0, "a first pointer is new", WORK)
    story.screen.line(f"pointers written when it died: {_new(before, outside.etags())} of {len(dag_ids)}")
    _kill(
        story,
        killed,
        lambda: _new(before, outside.etags()) == len(dag_ids),
        "the last pointer is new",
        lease + WORK,
    )
    story.until(WRITTEN, written, limit=30, since=at)
    story.until(LIVE, story.move("1.7.0", *dag_ids), limit=60)
    return written, airflow.Throughout(run, SLOW_TASKS, {"dag": "1.4.0"})


def _deploy(story: Story, version: str) -> None:
    message = f"Deploy dags {version} to dev"
    story.environment.bump("dags", version)
    story.environment.commit(message)
    story.push(message)


def _kill(story: Story, killed: list[str], moment: Callable[[], bool], when: str, seconds: float) -> float:
    """Kill the tick at that moment; returns when (monotonic)."""
    with story.screen.waiting(f"a tick to kill: {when}"):
        killed.append(Functions(story.info).kill_when("Reconcile", moment, seconds))
    at = time.monotonic()
    story.screen.command(f"kill -9 <the function>  # {when}; its lease lasts {lease_seconds(story):.0f} s")
    return at


def _new(before: Mapping[str, str], now: Mapping[str, str]) -> int:
    """How many DAG pointers are not as they were."""
    return sum(folder.is_pointer(key) and before.get(key) != etag for key, etag in now.items())


def lease_seconds(story: Story) -> float:
    """For so long nobody takes over from a killed tick: its message is hidden, and its lease held."""
    sqs, name = client("sqs", story.info.aws_endpoint), "VisibilityTimeout"
    found = sqs.get_queue_attributes(QueueUrl=story.info.queue_url, AttributeNames=[name])
    return float(found["Attributes"][name])


SCENE = Scene(
    "Kill the function, three times",
    "Whatever it was doing, the next tick goes on from there; until then everything runs as it did.",
    (TAKEN_OVER, UNPAUSED, WRITTEN, LIVE, KILLED, ONCE, AS_BEFORE, UNHARMED, NONE_LOST),
    play,
)
