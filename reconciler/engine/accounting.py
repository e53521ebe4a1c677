"""Some minutes after a deployment: does every run exist that was due before, during and after it?"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from reconciler.core.findings import News, event_of
from reconciler.core.ledger import LATE, account, in_words
from reconciler.engine.manifests import Manifests
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import Reason, Severity
from reconciler.model.state import EnvironmentState


def settle_accounts(world: World, session: Session) -> None:
    """Compare and tell, once, when the last deployment has been over for long enough.

    What cannot be asked now is asked by a later tick.
    """
    open_ = session.state.accounting
    if open_ is None or open_.until is None or session.now < open_.until + LATE or session.over:
        return
    state = session.state
    if state.applied is None:
        return
    with contextlib.suppress(Transient, Terminal):
        airflow = world.target(state.applied.desired.environment).airflow
        calendars = _calendars(world, state)
        dags = airflow.dags(sorted(calendars.keys() - open_.skipped))
        kept = {dag_id: calendars[dag_id] for dag_id, dag in dags.items() if dag.active and not dag.paused}
        runs = airflow.clock_runs(sorted(kept), open_.since, open_.until) if kept else ()
        found = account(kept, runs, open_.since, open_.until)
        news = News(
            reason=Reason.RUNS_ACCOUNTED if found.balanced else Reason.RUN_MISSED,
            message=in_words(found),
            severity=Severity.INFO if found.balanced else Severity.ERROR,
            evidence=(*found.missing, *found.waiting),
        )
        after = state.model_copy(update={"accounting": None})
        told = (event_of(news, after, state.applied.revision),) if found.promised else ()
        session.commit(after, events=told)


def _calendars(world: World, state: EnvironmentState) -> Mapping[str, Mapping[str, str]]:
    """When the runs of each live DAG are due, as sealed with the release that it runs."""
    manifests = Manifests(world.artifacts).of({live.pointer.release for live in state.live.values()})
    found = {}
    for dag_id, live in state.live.items():
        manifest = manifests.get(live.pointer.release)
        sealed = manifest.dags.get(dag_id) if manifest is not None else None
        if sealed is not None:
            found[dag_id] = sealed.calendar
    return found
