"""Some minutes after a deployment: does every run exist that was due before, during and after it?

What is missing is created, where the policy says so: written down first, and looked for afterwards. So a tick
that died in between is continued by the next, which tells what is there by then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.findings import News, event_of
from reconciler.core.ledger import LATE, Account, account, excused, in_words, quiet, unknown_in_words
from reconciler.core.making_up import PATIENCE, creates, left_to_people, to_create
from reconciler.engine.executor import execute
from reconciler.engine.manifests import Manifests
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import CreateRuns, Plan
from reconciler.model.reason import Reason, Severity
from reconciler.model.state import Accounting, Applied, EnvironmentState
from reconciler.ports import Target


@dataclass(frozen=True)
class _Books:
    """What an account is made from: the calendars of the DAGs that owe runs, and what Airflow says of them.

    A DAG that is not active may be one that Airflow does not know.
    ``owed``: whether assets owe a run to each DAG that they start.
    """

    calendars: Mapping[str, Mapping[str, str]]
    dags: Mapping[str, AirflowDag]
    found: Account
    owed: Mapping[str, bool | None]


def settle_accounts(world: World, session: Session) -> None:
    """Compare, create where that is wanted, and tell, once, when a deployment has been over for long enough.

    One that waits is over for now when it has written nothing for some time; it opens another account later.
    What cannot be asked or created now is by a later tick.
    """
    state = session.state
    open_, applied = quiet(state, session.now), state.applied
    if open_ != state.accounting:
        session.commit(state.model_copy(update={"accounting": open_}))
    if open_ is None or open_.until is None or session.now < open_.until + LATE or session.over:
        return
    if applied is not None:
        target = world.target(applied.desired.environment)
        with contextlib.suppress(Transient, Terminal):
            _Audit(world, session, target, applied, open_.until).settle()


@dataclass(frozen=True)
class _Audit:
    """Settles the account of what was due up to ``until``."""

    world: World
    session: Session
    target: Target
    applied: Applied
    until: datetime

    def settle(self) -> None:
        """What does not work is tried again by later ticks, and in the end people are told how far it got."""
        try:
            books = self._look({})
        except (Transient, Terminal) as error:
            if self._gives_up:
                self._tell_unknown(error)
            return
        state, step, obstacle = self.session.state, None, ""
        if creates(state):
            step = to_create(books.found, books.calendars, books.dags, state)
        if step is not None:
            obstacle = self._create(step)
        if obstacle and not self._gives_up:
            return
        if step is not None and not obstacle:
            books = self._look(
                {dag_id: owed for dag_id, owed in books.owed.items() if dag_id not in step.missing}
            )
        self._tell(books, obstacle)

    @property
    def _gives_up(self) -> bool:
        return self.session.now >= self.until + LATE + PATIENCE

    def _create(self, step: CreateRuns) -> str:
        """A sentence on why it could not be done; empty if it was."""
        applied = self.applied
        plan = Plan(
            environment=applied.desired.environment.name,
            revision=applied.revision,
            release=applied.release,
            steps=(step,),
        )
        try:
            status = self.target.airflow.busy()
            if status is not None:
                return f"Airflow's environment is {status}."
            waiting = execute(self.session, self.target, plan, {}).waiting
        except (Transient, Terminal) as error:
            return str(error)
        return "No tick had the time for it." if waiting else ""

    def _look(self, known: Mapping[str, bool | None]) -> _Books:
        """What there is now. Of the DAGs in ``known`` it was asked whether assets owe them a run."""
        state, airflow = self.session.state, self.target.airflow
        open_ = state.accounting or Accounting(since=self.until)
        sealed = _calendars(self.world, state)
        seen = airflow.dags(sorted(sealed.keys() - open_.skipped))
        dags = {dag_id: dag for dag_id, dag in seen.items() if not dag.paused}
        paused = seen.keys() - dags.keys()
        calendars = {dag_id: sealed[dag_id] for dag_id in sorted(sealed.keys() - open_.skipped - paused)}
        inactive = tuple(dag_id for dag_id in calendars if dag_id not in dags or not dags[dag_id].active)
        runs = airflow.clock_runs(list(calendars), open_.since, self.until) if calendars else ()
        owed = {
            dag_id: known[dag_id] if dag_id in known else self._is_owed(dag_id, open_)
            for dag_id, dag in sorted(dags.items())
            if dag.by_assets
        }
        found = account(calendars, runs, open_, self.until, owed).model_copy(update={"inactive": inactive})
        if found.gaps:
            meanwhile = airflow.runs_between(sorted(found.gaps), open_.since, self.until)
            found = excused(found, meanwhile, {dag_id: dag.at_once for dag_id, dag in dags.items()})
        return _Books(calendars, dags, found, owed)

    def _is_owed(self, dag_id: str, open_: Accounting) -> bool | None:
        """None for what is not understood, or not answered for long: that keeps nothing else untold."""
        margin = timedelta(seconds=self.applied.desired.environment.airflow.clock_margin_seconds)
        # What came before the deployment began was not lost by it.
        begun = open_.since + LATE
        try:
            return self.target.airflow.owed_by_assets(dag_id, begun - margin, self.until + margin)
        except (Transient, Terminal) as error:
            if isinstance(error, Transient) and not self._gives_up:
                raise
            return None

    def _tell_unknown(self, error: ReconcilerError) -> None:
        state = self.session.state
        open_ = state.accounting or Accounting(since=self.until)
        news = News(
            reason=Reason.RUNS_NOT_ACCOUNTED,
            message=unknown_in_words(open_.since, self.until, str(error)),
            severity=Severity.ERROR,
            evidence=tuple(f"{dag_id}: runs were to be created" for dag_id in open_.creating),
        )
        self._close(news)

    def _tell(self, books: _Books, obstacle: str) -> None:
        state, found = self.session.state, books.found
        left = left_to_people(found, books.dags, state, obstacle) if creates(state) else {}
        inactive = (f"{dag_id}: not active in Airflow" for dag_id in found.inactive if dag_id not in left)
        created = (f"created: {line}" for line in found.created)
        left_out = (f"left to Airflow: {line}" for line in found.left_out)
        reason, severity = _judged(found)
        news = News(
            reason=reason,
            message=in_words(found, left),
            severity=severity,
            evidence=(*left.values(), *inactive, *found.missing, *found.waiting, *created, *left_out),
        )
        self._close(news if found.promised or found.by_assets or found.inactive else None)

    def _close(self, news: News | None) -> None:
        after = self.session.state.model_copy(update={"accounting": None})
        told = (event_of(news, after, self.applied.revision),) if news is not None else ()
        self.session.commit(after, events=told)


def _judged(found: Account) -> tuple[Reason, Severity]:
    if not found.balanced:
        return Reason.RUN_MISSED, Severity.ERROR
    if found.created:
        return Reason.RUNS_CREATED, Severity.WARNING
    return Reason.RUNS_ACCOUNTED, Severity.WARNING if found.inactive else Severity.INFO


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
