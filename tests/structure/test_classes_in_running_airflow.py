"""Why changes have the classes that they have: each is flipped under a run in flight of a real Airflow.

The run's code stays that of its release; what the scheduler does with the run follows the newest graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.processes import wait_until
from reconciler.core.structure import compare
from reconciler.model.plan import ChangeClass
from reconciler.model.release import ReleaseManifest
from tests.structure.running import SECONDS, Running
from tests.structure.sealing import Sealer

pytestmark = pytest.mark.airflow

SOURCE = """
import time
from datetime import datetime, timedelta
from pathlib import Path
from airflow.sdk import DAG, task

HOME = Path('{home}')
CODE = "old"


def say(who, run_id):
    with (HOME / "said").open("a") as out:
        out.write(f"{{run_id}} {{who}} {{CODE}}\\n")


with DAG({dag_id!r}, schedule=None, start_date=datetime(2026, 1, 1)):

    @task
    def first(run_id=None):
        say("first", run_id)
        while not (HOME / "opened").exists():
            time.sleep(0.2)

    @task()
    def second(run_id=None, number=1):
        say("second", run_id)

    @task
    def third(run_id=None):
        say("third", run_id)

    one, two, three = first(), second(), third()
    one >> two >> three
"""
FOLLOWS = "follows"
"""The DAG whose run starts after the flip."""
ALL_WELL = {"first": "success", "second": "success", "third": "success"}


@dataclass(frozen=True)
class Flip:
    """Edits of the source, their class, and what becomes of a run in flight under which they go live.

    ``held``: its first task does not end before the run does.
    """

    name: str
    edits: tuple[tuple[str, str], ...]
    expected: ChangeClass
    run: str
    tasks: dict[str, str | None]
    held: bool = False

    @property
    def dag_id(self) -> str:
        """Of the DAG that is changed so."""
        return f"flip_{self.name.replace(' ', '_')}"


FLIPS = [
    Flip(
        "neutral",
        (
            ("@task()", "@task(retries=2, queue='big', pool_slots=2, owner='ana', do_xcom_push=False)"),
            ("second()", "second(number=2)"),
            (
                "schedule=None,",
                "schedule=None, tags=['a'], doc_md='# It', params={'a': 1}, max_active_tasks=9,",
            ),
        ),
        ChangeClass.PINNED,
        "success",
        ALL_WELL,
    ),
    Flip(
        "calendar",
        (
            ("schedule=None", "schedule='0 6 * * *', catchup=True"),
            ("2026, 1, 1)", "2026, 1, 2), end_date=datetime(2026, 1, 3)"),
        ),
        ChangeClass.CALENDAR,
        "success",
        ALL_WELL,
    ),
    Flip(
        "task removed",
        (("second(), third()", "None, third()"), ("one >> two >> three", "one >> three")),
        ChangeClass.DRAINED,
        "success",
        {**ALL_WELL, "second": "removed"},
    ),
    Flip(
        "task new",
        (("one >> two >> three", "one >> two >> three >> third.override(task_id='fourth')()"),),
        ChangeClass.DRAINED,
        "failed",
        {**ALL_WELL, "fourth": "failed"},
    ),
    Flip(
        "trigger rule",
        (("@task()", "@task(trigger_rule='all_failed')"),),
        ChangeClass.DRAINED,
        "success",
        {"first": "success", "second": "skipped", "third": "skipped"},
    ),
    Flip(
        "dagrun_timeout",
        (("schedule=None,", "schedule=None, dagrun_timeout=timedelta(seconds=1),"),),
        ChangeClass.DRAINED,
        "failed",
        {"first": "skipped"},
        held=True,
    ),
]


@dataclass(frozen=True)
class Played:
    """What became of a run: the class of the change, the states of run and tasks, and what each said."""

    change: ChangeClass
    run: str
    tasks: Mapping[str, str | None]
    said: list[tuple[str, str]]


@dataclass(frozen=True)
class Stage:
    """Where all are played at the same time, as most of it is waiting: one release before, one after."""

    running: Running
    homes: Mapping[str, Path]
    before: ReleaseManifest
    after: ReleaseManifest

    def flip(self, flip: Flip) -> Played:
        """Let the change go live under a run in flight."""
        home, dag_id = self.homes[flip.dag_id], flip.dag_id
        self.running.point(dag_id, self.before)
        run = self.running.trigger(dag_id)
        wait_until(lambda: ("first", "old") in _said(home, run), SECONDS, f"{dag_id} is in flight")
        self.running.point(dag_id, self.after, self.before)
        if not flip.held:
            (home / "opened").touch()
        state, tasks = self.running.ended(dag_id, run), self.running.tasks(dag_id, run)
        (home / "opened").touch()
        change = compare(self.before.dags[dag_id], self.after.dags[dag_id])[0]
        return Played(change, state, tasks, _said(home, run))

    def follow(self, dag_id: str) -> Played:
        """Start a run once the change is live."""
        (self.homes[dag_id] / "opened").touch()
        self.running.point(dag_id, self.after, self.before)
        run = self.running.trigger(dag_id)
        state, tasks = self.running.ended(dag_id, run), self.running.tasks(dag_id, run)
        return Played(ChangeClass.PINNED, state, tasks, _said(self.homes[dag_id], run))


@pytest.fixture(scope="module")
def played(
    running: Running, sealer: Sealer, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Future[Played]]:
    """What became of each, by DAG id."""
    edits = {flip.dag_id: flip.edits for flip in FLIPS} | {FOLLOWS: ()}
    homes = {dag_id: tmp_path_factory.mktemp(dag_id) for dag_id in edits}
    sources = {dag_id: SOURCE.format(home=home, dag_id=dag_id) for dag_id, home in homes.items()}
    changed = {
        dag_id: _edited(source, (*edits[dag_id], ('"old"', '"new"'))) for dag_id, source in sources.items()
    }
    sealed = [
        sealer.seal({f"dags/{dag_id}.py": text.encode() for dag_id, text in texts.items()})
        for texts in (sources, changed)
    ]
    for release in sealed:
        running.put(*release)
    stage = Stage(running, homes, *(manifest for manifest, _ in sealed))
    with ThreadPoolExecutor(len(edits)) as pool:
        futures = {flip.dag_id: pool.submit(stage.flip, flip) for flip in FLIPS}
        return futures | {FOLLOWS: pool.submit(stage.follow, FOLLOWS)}


def _edited(source: str, edits: tuple[tuple[str, str], ...]) -> str:
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def _said(home: Path, run: str) -> list[tuple[str, str]]:
    """Who of a run's tasks spoke, and of which code."""
    file = home / "said"
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [(who, code) for run_id, who, code in lines if run_id == run]


@pytest.mark.parametrize("flip", FLIPS, ids=lambda flip: flip.name)
def test_a_flip_under_a_run_in_flight(flip: Flip, played: Mapping[str, Future[Played]]) -> None:
    found = played[flip.dag_id].result()
    assert found.change is flip.expected
    assert found.run == flip.run
    assert found.tasks.items() >= flip.tasks.items()
    assert {code for _, code in found.said} == {"old"}
    if flip.tasks == ALL_WELL:
        assert [who for who, _ in found.said] == ["first", "second", "third"]


def test_a_run_that_starts_after_the_flip_has_the_new_code(played: Mapping[str, Future[Played]]) -> None:
    found = played[FOLLOWS].result()
    assert found.run == "success"
    assert found.said == [(who, "new") for who in ALL_WELL]
