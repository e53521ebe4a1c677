"""Asks one Airflow over its REST API, through the official generated client and either transport.

Called by the DAG target. No call has a run's id in its path: beside a DAG's id it does not fit the 64
characters that MWAA allows. What it changes is safe to repeat. Imports the generated client late: that takes
a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from reconciler.adapters.airflow_assets import DagAssets
from reconciler.adapters.airflow_clearing import Clearing
from reconciler.adapters.airflow_ended import EndedRuns
from reconciler.adapters.airflow_missed import MissedRuns
from reconciler.adapters.airflow_paging import PAGE, Page, every
from reconciler.adapters.airflow_restart import Restarter
from reconciler.adapters.airflow_rows import as_beats, as_dag, as_problem, as_run
from reconciler.adapters.airflow_runs import DagRuns
from reconciler.adapters.airflow_transport import API, Answer, Request, Transport, failure, unless
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.seen import EndedRun, Heartbeats
from reconciler.ports import Clock

R = TypeVar("R")

NO_CONTENT = 204

FEW = 3
"""So many DAGs are asked for one by one; for more, reading the whole list is cheaper."""

PAUSES = (0.5, 1.5)
"""Seconds before the second and the third try of a question."""

LAST_START = 25
"""Seconds after its first try in which a question may be tried again. A try takes 15 s at most, so a question
costs 40 s at most; transports begin no try that could outlast the tick."""


class AirflowClient:
    """One Airflow."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    def dags(self, dag_ids: Sequence[str]) -> Mapping[str, AirflowDag]:
        """See ``ports.Airflow``."""
        wanted = frozenset(dag_ids)
        patterns: list[str | None] = [*sorted(wanted)] if len(wanted) <= FEW else [None]
        rows = [row for pattern in patterns for row in self._dag_rows(pattern)]
        return {row.dag_id: as_dag(row) for row in rows if row.dag_id in wanted}

    def active_runs(self, dag_ids: Sequence[str]) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        return tuple(map(as_run, self._dag_runs.active(dag_ids)))

    def usual_seconds(self, dag_id: str) -> float | None:
        """See ``ports.Airflow``."""
        return self._dag_runs.usual_seconds(dag_id)

    def clock_runs(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        return tuple(map(as_run, self._dag_runs.by_the_clock(dag_ids, since, until)))

    def runs_between(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        runs = map(as_run, self._dag_runs.ended_since(dag_ids, since))
        return tuple(run for run in runs if run.in_flight_from is None or run.in_flight_from <= until)

    def ended_runs(
        self, dag_ids: Sequence[str], since: datetime, until: datetime, newest: int
    ) -> Sequence[EndedRun]:
        """See ``ports.Airflow``."""
        return self._ended_runs.newest(dag_ids, since, until, newest)

    def tries(self, dag_id: str, run_id: str) -> int:
        """See ``ports.Airflow``."""
        return self._ended_runs.tries(dag_id, run_id)

    def heartbeats(self) -> Heartbeats:
        """See ``ports.Airflow``."""
        return as_beats(self._ask(self._client.MonitorApi(self._api).get_health))

    def clear_failed(self, dag_id: str, run_id: str) -> bool:
        """See ``ports.Airflow``."""
        return Clearing(self._client, self._api, self._ask, self._tell).clear_failed(dag_id, run_id)

    def import_errors(self) -> Sequence[ImportProblem]:
        """See ``ports.Airflow``."""
        errors = self._client.ImportErrorApi(self._api)

        def fetch(offset: int, limit: int) -> Page[Any]:
            said = self._ask(
                lambda: errors.get_import_errors(limit=limit, offset=offset, order_by="import_error_id")
            )
            return Page(said.import_errors, said.total_entries)

        return tuple(
            as_problem(row) for row in every(fetch, lambda row: row.import_error_id, "import errors")
        )

    def busy(self) -> str | None:
        """See ``ports.Airflow``."""
        return _patiently(self._transport.busy, self._clock)

    def options(self) -> Mapping[str, str] | None:
        """See ``ports.Airflow``."""
        return _patiently(self._transport.options, self._clock)

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """See ``ports.Airflow``."""
        body = self._client.DAGPatchBody(is_paused=paused)
        self._tell(lambda: self._client.DAGApi(self._api).patch_dag(dag_id, body), done=404)

    def restart_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""
        if all(run.run_id != run_id for run in self.active_runs([dag_id])):
            return
        Restarter(self._client, self._api, self._tell).restart(dag_id, run_id)

    def owed_by_assets(self, dag_id: str, after: datetime, until: datetime) -> bool:
        """See ``ports.Airflow``."""
        return self._dag_assets.owed(dag_id, after, until)

    def create_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""
        body = self._client.TriggerDAGRunPostBody(dag_run_id=run_id, logical_date=None)
        runs = self._client.DagRunApi(self._api)
        run = self._tell(lambda: runs.trigger_dag_run(dag_id, body), done=409) or self._manual(dag_id, run_id)
        if run is not None:
            self._dag_assets.use_queued(dag_id, run.run_after)

    def create_missing(self, dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        """See ``ports.Airflow``."""
        return self._missed_runs.create(dag_id, since, until, most)

    def _manual(self, dag_id: str, run_id: str) -> Any | None:
        """A manual run, if it is among the newest."""
        runs = self._client.DagRunApi(self._api)
        said = self._ask(
            lambda: runs.get_dag_runs(dag_id, run_type=["manual"], order_by="-run_after", limit=PAGE)
        )
        return next((row for row in said.dag_runs if row.dag_run_id == run_id), None)

    def _dag_rows(self, pattern: str | None) -> list[Any]:
        """All rows whose id holds ``pattern`` (None: all), stale ones included."""
        dags = self._client.DAGApi(self._api)
        chosen = {} if pattern is None else {"dag_id_pattern": pattern}

        def fetch(offset: int, limit: int) -> Page[Any]:
            said = self._ask(
                lambda: dags.get_dags(
                    limit=limit, offset=offset, order_by="dag_id", exclude_stale=False, **chosen
                )
            )
            return Page(said.dags, said.total_entries)

        return every(fetch, lambda row: row.dag_id, "DAGs")

    def _ask(self, call: Callable[[], R]) -> R:
        """A question: asked again where that may help."""
        try:
            return _patiently(call, self._clock)
        # TypeError: a number, say, where the generated client goes through a list.
        except (ValidationError, TypeError) as error:
            raise Terminal(
                f"{self._transport.name} answered in a form that the client for Airflow 3.0 cannot read "
                f"({getattr(error, 'title', 'other types')}).",
                "Check `airflow.version` in environment.yaml; 3.0.6 is tested.",
            ) from error

    def _tell(self, call: Callable[[], R], done: int) -> R | None:
        """A change that is safe to repeat, and so repeated; None: status ``done``, nothing was left to do."""
        return unless(done, lambda: self._ask(call))

    @cached_property
    def _dag_runs(self) -> DagRuns:
        return DagRuns(self._client, self._api, self._ask)

    @cached_property
    def _ended_runs(self) -> EndedRuns:
        return EndedRuns(self._client, self._api, self._ask)

    @cached_property
    def _dag_assets(self) -> DagAssets:
        return DagAssets(self._client, self._api, self._ask)

    @cached_property
    def _missed_runs(self) -> MissedRuns:
        return MissedRuns(self._client, self._api, self._ask, self._tell)

    @cached_property
    def _client(self) -> Any:
        import airflow_client.client

        return airflow_client.client

    @cached_property
    def _api(self) -> Any:
        """The generated client, its way to the network replaced by our transport."""
        api = self._client.ApiClient(self._client.Configuration(host="http://airflow"))
        api.rest_client = _Rest(self._transport)
        return api


class _Rest:
    """Stands in for the generated client's ``RESTClientObject``; never lets a bad answer through."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(self, method: str, url: str, *, body: object = None, **_: object) -> Any:
        """One call of the generated client: a response in its own shape."""
        from airflow_client.client.rest import RESTResponse

        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        asked = Request(method, parts.path.removeprefix(API), query, body)
        answer = self._once(asked)
        headers = {"content-type": "application/json"}
        return RESTResponse(
            SimpleNamespace(status=answer.status, reason="", data=answer.body, headers=headers)
        )

    def _once(self, request: Request) -> Answer:
        answer = self._transport.send(request)
        wrong: ReconcilerError | None = failure(request, answer, self._transport.name)
        if wrong is not None:
            raise wrong
        try:
            if answer.status != NO_CONTENT:
                json.loads(answer.body)
        except ValueError:
            raise Terminal(
                f"{self._transport.name} answered {request} with something that is not JSON.",
                "Check the URL in `airflow.api` of environment.yaml: is it Airflow's, without /api/v2?",
            ) from None
        return answer


def _patiently(ask: Callable[[], R], clock: Clock) -> R:
    """The only place that asks Airflow again: transports ask once, so that tries do not multiply."""
    latest = clock.now() + timedelta(seconds=LAST_START)
    for pause in PAUSES:
        try:
            return ask()
        except Transient:
            if clock.now() + timedelta(seconds=pause) > latest:
                raise
            clock.sleep(pause)
    return ask()
