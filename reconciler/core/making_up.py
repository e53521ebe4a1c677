"""Which runs that an account misses we create, where the policy says so, and which are left to people.

Called when the account of a deployment is settled. A run that exists, queued or not, is never created again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from reconciler.core.assets import OWED_RUN
from reconciler.core.ledger import LATE, Account
from reconciler.core.timetable import timetable
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import CreateRuns, MissingRun
from reconciler.model.policy import MissedRuns
from reconciler.model.state import EnvironmentState

PATIENCE = timedelta(minutes=10)
"""So long is what does not answer asked again for runs, or to create them, before it is left to people."""


def creates(state: EnvironmentState) -> bool:
    """Is it wanted here? Judged by what was applied; nothing is created where everything is suspended."""
    if state.applied is None or state.accepted is None:
        return False
    wanted = state.applied.desired.environment.policy.missed_runs is MissedRuns.CREATE
    return wanted and state.accepted.desired.holds.suspended is None


def left_to_people(
    account: Account, dags: Mapping[str, AirflowDag], state: EnvironmentState, obstacle: str = ""
) -> dict[str, str]:
    """The DAGs whose missing runs we do not create, or could not, each with a line of why and what to do.

    ``obstacle``: a sentence on why no run at all could be created.
    """
    pinned = {pin.dag for pin in state.accepted.desired.holds.pins} if state.accepted is not None else set()
    refused = state.accounting.refused if state.accounting is not None else {}
    found = {}
    for dag_id in (*account.gaps, *account.owed):
        if dag_id in refused:
            found[dag_id] = refused[dag_id]
        elif dag_id in pinned:
            found[dag_id] = f"{dag_id}: not created, for it is pinned. {_by_hand(account, dag_id)}"
        elif dag_id in account.inactive:
            found[dag_id] = (
                f"{dag_id}: not created, for it is not active. When it is: {_by_hand(account, dag_id)}"
            )
        elif dag_id in account.put_off:
            # Airflow's backfill, which is given two dates, would make them as well.
            why = "not created, for among them are runs that Airflow leaves out on purpose."
            found[dag_id] = f"{dag_id}: {why} Of those that are needed: {_by_hand(account, dag_id)}"
        elif dag_id in account.gaps and dags[dag_id].next_run_at is None:
            why = "not created, for Airflow starts no further run of it now: it has as many as it may."
            found[dag_id] = f"{dag_id}: {why} When one has ended: {_by_hand(account, dag_id)}"
        elif obstacle:
            found[dag_id] = f"{dag_id}: not created. {obstacle} {_by_hand(account, dag_id)}"
    return found


def to_create(
    account: Account,
    calendars: Mapping[str, Mapping[str, str]],
    dags: Mapping[str, AirflowDag],
    state: EnvironmentState,
) -> CreateRuns | None:
    """The step that creates what may be created; None if there is nothing."""
    left = left_to_people(account, dags, state)
    missing = {
        dag_id: tuple(_run(calendars[dag_id], at) for at in account.gaps.get(dag_id, ()))
        for dag_id in (*account.gaps, *account.owed)
        if dag_id not in left
    }
    if not missing:
        return None
    # The same however often it is tried; after another deployment it is another.
    run_id = f"{OWED_RUN}{account.until:%Y-%m-%dT%H:%M:%S}"
    return CreateRuns(missing=missing, run_id=run_id, patient_until=account.until + LATE + PATIENCE)


def _run(calendar: Mapping[str, str], at: datetime) -> MissingRun:
    known = timetable(calendar)
    return MissingRun(due_at=at, date=at if known is None else known.date_of(at))


def _by_hand(account: Account, dag_id: str) -> str:
    if dag_id not in account.gaps:
        return "Trigger it in Airflow."
    return f"`airflow backfill create --dag-id {dag_id}` makes runs."
