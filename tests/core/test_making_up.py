"""Which missing runs we create by ourselves, and which we leave to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.ledger import LATE, Account
from reconciler.core.making_up import PATIENCE, creates, left_to_people, to_create
from reconciler.model.holds import Holds, Pin, Reasoned
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import MissingRun
from reconciler.model.policy import MissedRuns, Policy
from reconciler.model.state import Accounting, EnvironmentState
from tests.builders import BY_ASSETS, EACH_MINUTE, desired, environment, release_manifest, state

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INTERVALS = EACH_MINUTE | {"timetable": '"airflow.timetables.interval.CronDataIntervalTimetable"'}
CALENDARS = {"loads": EACH_MINUTE, "windows": INTERVALS, "mart": BY_ASSETS}
WHO = Reasoned(by="Ana", since=NOON, reason="month-end")
FOUND = Account(
    since=NOON - LATE, until=NOON, gaps={"loads": (NOON - MINUTE, NOON), "windows": (NOON,)}, owed=("mart",)
)


def dag(dag_id: str, next_run_at: datetime | None = NOON) -> AirflowDag:
    return AirflowDag(
        dag_id=dag_id,
        active=True,
        paused=False,
        release=None,
        last_parsed_at=None,
        by_assets=dag_id == "mart",
        next_run_at=None if dag_id == "mart" else next_run_at,
    )


def remembered(
    policy: MissedRuns = MissedRuns.CREATE, holds: Holds | None = None, **refused: str
) -> EnvironmentState:
    """An environment with this policy, to which ``holds`` apply."""
    before = state(release=release_manifest(1))
    said = desired(spec=environment().model_copy(update={"policy": Policy(missed_runs=policy)}))
    assert before.applied is not None
    applied = before.applied.model_copy(update={"desired": said})
    accepted = said.model_copy(update={"holds": holds or Holds()})
    return before.model_copy(
        update={
            "applied": applied,
            "accepted": applied.model_copy(update={"desired": accepted}),
            "accounting": Accounting(since=NOON - LATE, until=NOON, refused=refused),
        }
    )


DAGS = {dag_id: dag(dag_id) for dag_id in CALENDARS}


def test_each_is_created_by_the_date_that_airflow_knows_it_by() -> None:
    step = to_create(FOUND, CALENDARS, DAGS, remembered())
    assert step is not None
    assert step.missing == {
        "loads": (
            MissingRun(due_at=NOON - MINUTE, date=NOON - MINUTE),
            MissingRun(due_at=NOON, date=NOON),
        ),
        "windows": (MissingRun(due_at=NOON, date=NOON - MINUTE),),
        "mart": (),
    }
    assert step.run_id == "reconciler__2026-03-02T12:00:00"
    assert step.patient_until == NOON + LATE + PATIENCE


@pytest.mark.parametrize(
    ("dag_id", "said", "why"),
    [
        (
            "loads",
            remembered(loads="loads: 403 Forbidden."),
            "loads: 403 Forbidden.",
        ),
        (
            "loads",
            remembered(holds=Holds(pins=(Pin(**WHO.model_dump(), dag="loads", release="0" * 16),))),
            "loads: not created, for it is pinned. `airflow backfill create --dag-id loads` makes runs.",
        ),
        (
            "mart",
            remembered(holds=Holds(pins=(Pin(**WHO.model_dump(), dag="mart", release="0" * 16),))),
            "mart: not created, for it is pinned. Trigger it in Airflow.",
        ),
    ],
)
def test_what_is_refused_or_pinned_is_left_to_people(dag_id: str, said: EnvironmentState, why: str) -> None:
    assert left_to_people(FOUND, DAGS, said) == {dag_id: why}
    step = to_create(FOUND, CALENDARS, DAGS, said)
    assert step is not None
    assert step.missing.keys() == CALENDARS.keys() - {dag_id}


def test_beside_runs_that_keep_airflow_from_another_none_is_created() -> None:
    dags = DAGS | {"loads": dag("loads", None), "windows": dag("windows", None)}
    assert left_to_people(FOUND, dags, remembered()).keys() == {"loads", "windows"}
    step = to_create(FOUND, CALENDARS, dags, remembered())
    assert step is not None
    assert step.missing == {"mart": ()}


def test_beside_runs_that_airflow_leaves_out_on_purpose_none_is_created() -> None:
    found = FOUND.model_copy(update={"put_off": {"loads": (NOON - MINUTE / 2,), "other": (NOON,)}})
    (line,) = left_to_people(found, DAGS, remembered()).values()
    assert line.startswith("loads: not created, for among them are runs that Airflow leaves out on purpose.")
    step = to_create(found, CALENDARS, DAGS, remembered())
    assert step is not None
    assert step.missing.keys() == {"windows", "mart"}


def test_what_is_not_active_is_given_none() -> None:
    found = FOUND.model_copy(update={"inactive": ("loads", "mart")})
    dags = {dag_id: dag for dag_id, dag in DAGS.items() if dag_id != "loads"}
    assert left_to_people(found, dags, remembered()) == {
        "loads": "loads: not created, for it is not active. When it is: "
        "`airflow backfill create --dag-id loads` makes runs.",
        "mart": "mart: not created, for it is not active. When it is: Trigger it in Airflow.",
    }
    step = to_create(found, CALENDARS, dags, remembered())
    assert step is not None
    assert step.missing.keys() == {"windows"}


def test_what_could_not_be_created_at_all_is_left_to_people_with_the_reason() -> None:
    busy = "Airflow's environment is UPDATING."
    said = remembered(windows="windows: 403 Forbidden.")
    assert left_to_people(FOUND, DAGS, said, busy) == {
        "loads": f"loads: not created. {busy} `airflow backfill create --dag-id loads` makes runs.",
        "windows": "windows: 403 Forbidden.",
        "mart": f"mart: not created. {busy} Trigger it in Airflow.",
    }


def test_where_nothing_may_be_created_there_is_no_step() -> None:
    assert to_create(Account(since=NOON, until=NOON), CALENDARS, DAGS, remembered()) is None
    refused = {dag_id: "no" for dag_id in CALENDARS}
    assert to_create(FOUND, CALENDARS, DAGS, remembered(**refused)) is None


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (remembered(), True),
        (remembered(MissedRuns.REPORT), False),
        (remembered(holds=Holds(suspended=WHO)), False),
        (EnvironmentState(environment="dev"), False),
    ],
)
def test_it_is_what_was_applied_that_says_so(said: EnvironmentState, wanted: bool) -> None:
    assert creates(said) is wanted
