"""What calendars promise against what there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.core.ledger import account, in_words
from reconciler.model.observation import DagRun
from tests.builders import EACH_MINUTE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEVER = {"timetable": '"airflow.timetables.simple.NullTimetable"'}
OWN = {"timetable": '"my.own.Timetable"'}


def run(minute: int, state: str = "success", dag_id: str = "loads") -> DagRun:
    return DagRun(
        dag_id=dag_id,
        run_id=f"scheduled__{minute}",
        state=state,
        run_type="scheduled",
        started_at=None if state == "queued" else NOON,
        due_at=NOON + minute * MINUTE,
    )


def test_every_run_that_was_due_is_there() -> None:
    runs = [run(minute, state) for minute, state in enumerate(("failed", "running", "success"), start=1)]
    found = account({"loads": EACH_MINUTE, "manual": NEVER}, runs, NOON, NOON + 3 * MINUTE)
    assert (found.promised, found.dags, found.balanced) == (3, 1, True)
    assert in_words(found) == (
        "3 runs were due from 2026-03-02 12:00:00 to 12:03:00 UTC, before, during and after the deployment: "
        "each of them exists."
    )


def test_one_that_is_not_there_is_named() -> None:
    found = account({"loads": EACH_MINUTE}, [run(1), run(3)], NOON, NOON + 3 * MINUTE)
    assert found.missing == ("loads: no run for 2026-03-02 12:02:00 UTC",)
    assert not found.balanced
    assert "1 missing (loads: no run for 2026-03-02 12:02:00 UTC)" in in_words(found)


def test_another_dags_run_or_another_times_does_not_stand_in() -> None:
    runs = [run(1, dag_id="other"), run(2)]
    found = account({"loads": EACH_MINUTE}, runs, NOON, NOON + MINUTE)
    assert found.missing == ("loads: no run for 2026-03-02 12:01:00 UTC",)


def test_one_that_has_not_begun_is_as_good_as_missed() -> None:
    found = account({"loads": EACH_MINUTE}, [run(1, "queued")], NOON, NOON + MINUTE)
    assert (found.missing, found.waiting) == ((), ("loads: scheduled__1 is still queued",))
    assert "1 not begun" in in_words(found)


def test_what_nobody_can_tell_is_said() -> None:
    found = account({"loads": EACH_MINUTE, "own": OWN}, [run(1)], NOON, NOON + MINUTE)
    assert (found.untold, found.balanced) == (("own",), True)
    assert in_words(found).endswith("Of own nobody can tell.")
