"""When runs are due, read from a seal, is when Airflow's own timetables say."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.core.timetable import timetable
from reconciler.model.release import SealedDag
from tests.structure.sealing import Sealer

pytestmark = pytest.mark.airflow

SOURCE = """
import pendulum
from datetime import datetime, timedelta
from airflow.sdk import DAG, Asset
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import *

with DAG("{name}", schedule={schedule}, catchup={catchup}, start_date={start}, end_date={end}):
    EmptyOperator(task_id="one")
"""
CLOCK_CHANGES = {
    "New York forward": ("2026-03-07T00:00:00+00:00", "2026-03-10T00:00:00+00:00"),
    "Europe forward": ("2026-03-27T00:00:00+00:00", "2026-03-31T00:00:00+00:00"),
    "Lord Howe back": ("2026-04-03T00:00:00+00:00", "2026-04-06T00:00:00+00:00"),
    "Lord Howe forward": ("2026-10-02T00:00:00+00:00", "2026-10-05T00:00:00+00:00"),
    "Europe back": ("2026-10-23T00:00:00+00:00", "2026-10-27T00:00:00+00:00"),
    "New York back": ("2026-10-31T00:00:00+00:00", "2026-11-03T00:00:00+00:00"),
}


@dataclass(frozen=True)
class Case:
    """What a DAG says of its schedule, which is Python."""

    schedule: str
    start: str | None = "2026-01-01T00:00:00+00:00"
    end: str | None = None
    catchup: bool = False


CASES = {
    "daily": Case("CronTriggerTimetable('0 5 * * *', timezone='UTC')", catchup=True),
    "with_data": Case(
        "CronTriggerTimetable('0 5 * * 1-5', timezone='Europe/Zurich', interval=timedelta(days=1))"
    ),
    "every_minute": Case("CronTriggerTimetable('* * * * *', timezone='America/New_York')"),
    "half_past": Case("CronTriggerTimetable('30 * * * *', timezone='Europe/Zurich')"),
    "in_the_fold": Case("CronTriggerTimetable('30 2 * * *', timezone='Europe/Zurich')"),
    "often_in_the_fold": Case("CronTriggerTimetable('*/20 1-3 * * *', timezone='Europe/Zurich')"),
    "half_an_hour_back": Case("CronTriggerTimetable('45 1 * * *', timezone='Australia/Lord_Howe')"),
    "through_half_an_hour": Case("CronTriggerTimetable('*/15 1-3 * * *', timezone='Australia/Lord_Howe')"),
    "each_at_twenty": Case("CronTriggerTimetable('20 * * * *', timezone='Australia/Lord_Howe')"),
    "at_one_there": Case("CronTriggerTimetable('30 1,2 * * *', timezone='America/New_York')"),
    "intervals": Case("CronDataIntervalTimetable('0 */6 * * *', timezone='Europe/Zurich')"),
    "monthly": Case("CronDataIntervalTimetable('0 0 28 * *', timezone='UTC')"),
    "many": Case(
        "MultipleCronTriggerTimetable('0 9 * * 1-5', '30 14 * * *', '0 9,10,11,12,13 26-30 * *', "
        "timezone='Europe/London', interval=timedelta(hours=1))"
    ),
    "begins": Case("CronTriggerTimetable('0 * * * *', timezone='UTC')", start="2026-03-29T07:00:00+00:00"),
    "ends": Case("CronDataIntervalTimetable('0 * * * *', timezone='UTC')", end="2026-03-29T07:00:00+00:00"),
}


def source(name: str, case: Case) -> bytes:
    start, end = ("None" if text is None else f"pendulum.parse({text!r})" for text in (case.start, case.end))
    text = SOURCE.format(name=name, schedule=case.schedule, catchup=case.catchup, start=start, end=end)
    return text.encode()


@pytest.fixture(scope="module")
def sealed(sealer: Sealer) -> dict[str, SealedDag]:
    files = {f"dags/{name}.py": source(name, case) for name, case in CASES.items()}
    for name, schedule in {
        "never": "None",
        "once": "'@once'",
        "assets": "[Asset('a')]",
        "relative": "timedelta(hours=1)",
        "preset": "'@hourly'",
    }.items():
        files[f"dags/{name}.py"] = source(name, Case(schedule))
    return sealer.dags(files)


@pytest.fixture(scope="module")
def promised(
    sealer: Sealer, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], list[datetime]]:
    """When Airflow says that the runs of each case are due, around each change of clocks: asked once."""
    asked = {
        f"{change}/{name}": {**asdict(case), "from": after, "until": until}
        for change, (after, until) in CLOCK_CHANGES.items()
        for name, case in CASES.items()
    }
    script = Path(__file__).with_name("airflow_ticks.py")
    said = subprocess.run(
        [sealer.python, script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")), "PATH": "/usr/bin:/bin"},
    )
    assert said.returncode == 0, said.stderr
    answers = json.loads(said.stdout.splitlines()[-1])
    return {tuple(key.split("/")): list(map(datetime.fromisoformat, due)) for key, due in answers.items()}


@pytest.mark.parametrize("change", CLOCK_CHANGES)
def test_runs_are_due_when_airflow_says(
    sealed: dict[str, SealedDag], promised: dict[tuple[str, str], list[datetime]], change: str
) -> None:
    after, until = map(datetime.fromisoformat, CLOCK_CHANGES[change])
    assert any(promised[change, name] for name in CASES)
    for name, case in CASES.items():
        known = timetable(sealed[name].calendar)
        assert known is not None, name
        assert known.catchup == case.catchup
        assert list(known.due(after, until)) == promised[change, name], name


def test_what_no_clock_starts_is_never_due(sealed: dict[str, SealedDag]) -> None:
    after, until = map(datetime.fromisoformat, CLOCK_CHANGES["Europe forward"])
    for name in ("never", "once", "assets"):
        known = timetable(sealed[name].calendar)
        assert known is not None, name
        assert list(known.due(after, until)) == []


def test_a_preset_is_a_cron_expression_and_a_timedelta_cannot_be_told(sealed: dict[str, SealedDag]) -> None:
    after, until = map(datetime.fromisoformat, CLOCK_CHANGES["Europe forward"])
    known = timetable(sealed["preset"].calendar)
    assert known is not None
    assert len(list(known.due(after, until))) == 96
    assert timetable(sealed["relative"].calendar) is None
