"""The next-run gate: whom it holds back, and where waiting would not help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.drain import Seen
from reconciler.core.gates import next_run
from reconciler.model.environment import AirflowSpec
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import Action, Change, ChangeClass
from reconciler.model.reason import Reason
from reconciler.model.state import EnvironmentState, Fence
from reconciler.model.verdict import Decision, Verdict
from tests.builders import EACH_MINUTE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
# A pause of 90 s: 3 s to take effect, two copies of the folder, a margin for the clocks.
AIRFLOW = AirflowSpec.model_validate(
    {
        "version": "3.0.6",
        "api": {"http": {"url": "http://127.0.0.1:8080"}},
        "dagFolder": {"bucket": "dev-airflow"},
        "syncSeconds": 41,
        "clockMarginSeconds": 5,
        "drainSeconds": 14_400,
    },
    by_alias=True,
)
HOURLY = EACH_MINUTE | {"timetable expression": '"0 * * * *"'}
RELATIVE = {"timetable": '"airflow.timetables.trigger.DeltaTriggerTimetable"', "timetable delta": "3600.0"}


def ask(
    now: float,
    calendar: dict[str, str] = HOURLY,
    next_at: datetime | None = NOON,
    change: Change | None = None,
    paused: bool = False,
    **state: object,
) -> Verdict:
    """What the gate says so many seconds after noon, of a DAG that is due at noon."""
    change = change or Change(dag_id="one", action=Action.UPDATE, change_class=ChangeClass.DRAINED)
    dag = AirflowDag(
        dag_id="one", active=True, paused=paused, release=None, last_parsed_at=NOON, next_run_at=next_at
    )
    known = EnvironmentState(environment="dev").model_copy(update=state)
    moment = NOON + timedelta(seconds=now)
    seen = Seen(dags={"one": dag})
    return next_run([change], known, seen, lambda _: calendar, AIRFLOW, moment)


@pytest.mark.parametrize(
    ("now", "waits"), [(-91, False), (-90, True), (-1, True), (1, True), (179, True), (181, False)]
)
def test_a_run_that_is_due_within_the_pause_starts_first(now: float, waits: bool) -> None:
    verdict = ask(now)
    assert (verdict.decision is Decision.WAIT) is waits
    if waits:
        assert (verdict.reason, verdict.dag_ids) == (Reason.SCHEDULED_RUN_IMMINENT, ("one",))
        assert verdict.until == NOON
        assert "one: a run is due" in verdict.message
        assert verdict.evidence == ("one: due 2026-03-02 12:00:00 UTC",)


def test_where_airflow_does_not_tell_the_calendar_does() -> None:
    assert ask(-60, next_at=None).until == NOON
    assert ask(-120, next_at=None).decision is Decision.GO


@pytest.mark.parametrize("calendar", [EACH_MINUTE, RELATIVE, {}])
def test_where_waiting_does_not_help_or_nobody_can_tell_it_goes_and_says_so(calendar: dict[str, str]) -> None:
    verdict = ask(-60, calendar)
    assert verdict.decision is Decision.GO
    assert "one may be late" in verdict.message


@pytest.mark.parametrize(
    "change",
    [
        Change(dag_id="one", action=Action.UPDATE, change_class=ChangeClass.PINNED),
        Change(dag_id="one", action=Action.ADD),
        Change(dag_id="one", action=Action.UPDATE, change_class=ChangeClass.DRAINED, rolls_back=True),
    ],
)
def test_what_needs_no_pause_or_goes_back_does_not_wait(change: Change) -> None:
    assert ask(-60, change=change).decision is Decision.GO


def test_what_is_paused_already_does_not_wait() -> None:
    assert ask(-60, paused=True).decision is Decision.GO
    fence = Fence(opened_at=NOON, ours=True)
    assert ask(-60, fences={"one": fence}).decision is Decision.GO


def test_a_dag_that_has_waited_for_hours_waits_no_more() -> None:
    assert ask(-60, held={"one": NOON - timedelta(hours=3)}).decision is Decision.WAIT
    assert ask(-60, held={"one": NOON - timedelta(hours=5)}).decision is Decision.GO
