"""Two releases whose runs succeed and whose data is wrong: half of the rows are gone, or a test fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.demo.checks import airflow, alarms, git, told
from local.demo.checks.check import Check
from local.demo.health import acts
from local.demo.health.expected import revert_of
from local.demo.health.orders import EVERY, FILE, FILLED, HALF, MISSING, ORDERS, TASK
from local.demo.health.scenes.stable_release import FIRST
from local.demo.scenes.scene import Scene
from local.demo.story import Story

FEWER, EMPTY = "1.7.0", "1.7.1"

RAN = Check("1.7.0: its runs succeed, with half of the rows", "s", airflow.executed)
TOLD = Check("an event says that other numbers of rows arrive", "events", told.told)
RANG = Check("the alarm goes off for it", "s", alarms.says, "half of the rows → alarm")
COMMITTED = Check("one commit takes 1.7.0 back", "s", git.one_commit)
BACK = Check("the release before it is live again", "s", airflow.runs_releases)

RAN_TOO = Check("1.7.1: its run succeeds, and some orders have no amount", "s", airflow.executed)
TOLD_TOO = Check("an event says which test of the data does not pass", "events", told.told)
RANG_TOO = Check("the alarm goes off for that", "s", alarms.says, "a test of data → alarm")
COMMITTED_TOO = Check("one commit takes 1.7.1 back", "s", git.one_commit)
BACK_TOO = Check("the release before 1.7.1 is live again", "s", airflow.runs_releases)
MENDED = Check("a new run loads every row, each with its amount", "s", airflow.executed)


@dataclass(frozen=True)
class Mistake:
    """A version: what it makes of `right`, what its runs say, the signal that has to see it, its checks."""

    version: str
    right: str
    wrong: str
    intervals: tuple[int, ...]
    said: Mapping[str, str]
    signal: str
    ran: Check[airflow.Said]
    told: Check[tuple[told.Words, ...]]
    rang: Check[alarms.Says]
    committed: Check[git.Revert]
    back: Check[Mapping[str, str]]


MISTAKES = (
    Mistake(
        *(FEWER, EVERY, HALF, (20, 21), {"rows": "500"}, "volume"),
        *(RAN, TOLD, RANG, COMMITTED, BACK),
    ),
    Mistake(
        *(EMPTY, FILLED, MISSING, (30, 31, 32, 33), {"missing": "20"}, "data-tests"),
        *(RAN_TOO, TOLD_TOO, RANG_TOO, COMMITTED_TOO, BACK_TOO),
    ),
)


def play(story: Story) -> None:
    """What no DAG that fails, and no import, would ever tell."""
    for mistake in MISTAKES:
        _make(story, mistake)
    (run,) = acts.load(story, 40)
    well = {"dag": FIRST, "rows": "1000", "missing": "0"}
    story.until(MENDED, airflow.Said(run, TASK, well), limit=60)


def _make(story: Story, mistake: Mistake) -> None:
    version = mistake.version
    acts.lift(story)
    story.code.edit(FILE, mistake.right, mistake.wrong, "Make a mistake")
    story.code.edit(FILE, f'VERSION = "{FIRST}"', f'VERSION = "{version}"', f"Report {version}")
    story.releases[version] = story.publish(version, "dags")
    acts.calm(story)
    after, before = story.last_event(), dict(story.expected)
    acts.deploy(story, version)
    expected = revert_of(story, version)
    acts.live(story, story.move(version, ORDERS))
    runs = acts.load(story, *mistake.intervals)
    story.until(mistake.ran, airflow.Said(runs[-1], TASK, {"dag": version, **mistake.said}), limit=60)
    story.until(mistake.rang, alarms.Says(acts.ALARM, alarms.ALARM), limit=60)
    words = (told.Words(after, "HealthCheckFailed", (story.releases[version].id, mistake.signal)),)
    story.until(mistake.told, words, limit=60)
    story.until(mistake.committed, expected, limit=60)
    story.expected = before
    story.until(mistake.back, before, limit=90)
    story.code.edit(FILE, mistake.wrong, mistake.right, "Mend it")
    story.code.edit(FILE, f'VERSION = "{version}"', f'VERSION = "{FIRST}"', f"Report {FIRST} again")
    story.environment.pull()


SCENE = Scene(
    "A release whose data is wrong",
    "Its runs succeed. What they wrote down in the warehouse is compared with what they wrote before.",
    (
        *(RAN, RANG, TOLD, COMMITTED, BACK),
        *(RAN_TOO, RANG_TOO, TOLD_TOO, COMMITTED_TOO, BACK_TOO, MENDED),
    ),
    play,
)
