"""Why changes have the classes that they have: each is flipped under a run in flight of a real Airflow.

The run's code stays that of its release; what the scheduler does with the run follows the newest graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from local.processes import wait_until
from reconciler.core.structure import compare
from reconciler.model.plan import ChangeClass
from tests.structure.running import SECONDS, Running
from tests.structure.sealing import Sealer

pytestmark = pytest.mark.airflow

SOURCE = """
import time
from datetime import datetime, timedelta
from pathlib import Path
from airflow.sdk import DAG, task

HOME = Path({home!r})
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


@pytest.mark.parametrize("flip", FLIPS, ids=lambda flip: flip.name)
def test_a_flip_under_a_run_in_flight(flip: Flip, running: Running, sealer: Sealer, tmp_path: Path) -> None:
    dag_id = f"flip_{flip.name.replace(' ', '_')}"
    source = new_source = SOURCE.format(home=str(tmp_path), dag_id=dag_id)
    for old, new in (*flip.edits, ('"old"', '"new"')):
        assert new_source.count(old) == 1, old
        new_source = new_source.replace(old, new)
    before, after = (sealer.seal({f"dags/{dag_id}.py": text.encode()}) for text in (source, new_source))
    assert compare(before[0].dags[dag_id], after[0].dags[dag_id])[0] is flip.expected

    said = tmp_path / "said"
    said.touch()
    for release in (before, after):
        running.put(*release)
    running.point(dag_id, before[0])
    run = running.trigger(dag_id)
    wait_until(lambda: f"{run} first old" in said.read_text(), SECONDS, "the run is in flight")
    running.point(dag_id, after[0], before[0])
    if not flip.held:
        (tmp_path / "opened").touch()

    assert running.ended(dag_id, run) == flip.run
    assert running.tasks(dag_id, run).items() >= flip.tasks.items()
    (tmp_path / "opened").touch()
    spoke = [line.split()[1:] for line in said.read_text().splitlines() if line.startswith(f"{run} ")]
    assert {code for _, code in spoke} == {"old"}
    if flip.tasks == ALL_WELL:
        assert [who for who, _ in spoke] == ["first", "second", "third"]


def test_a_run_that_starts_after_the_flip_has_the_new_code(
    running: Running, sealer: Sealer, tmp_path: Path
) -> None:
    source = SOURCE.format(home=str(tmp_path), dag_id="after")
    before, after = (
        sealer.seal({"dags/after.py": text.encode()}) for text in (source, source.replace('"old"', '"new"'))
    )
    (tmp_path / "opened").touch()
    for release in (before, after):
        running.put(*release)
    running.point("after", after[0], before[0])
    run = running.trigger("after")
    assert running.ended("after", run) == "success"
    assert (tmp_path / "said").read_text().splitlines() == [f"{run} {who} new" for who in ALL_WELL]
