"""Which asset events a paused DAG of one Airflow did not get, and which wait for it.

Used by ``AirflowClient``. Events are counted per asset, never listed: Airflow 3.0.6 answers 500 to a list
that holds an event whose run is still queued (`DagRunAssetReference.start_date` may not be null).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from reconciler.adapters.airflow_paging import PAGE, Page, every
from reconciler.adapters.airflow_transport import unless
from reconciler.core.assets import OWED_RUN, Asset, asset_ids, has_indirect, run_is_owed

R = TypeVar("R")


class Ask(Protocol):
    """Asks patiently; failures are classified."""

    def __call__(self, call: Callable[[], R]) -> R: ...


class DagAssets:
    """``client`` is the generated module, ``api`` its ``ApiClient``."""

    def __init__(self, client: Any, api: Any, ask: Ask) -> None:
        self._assets = client.AssetApi(api)
        self._dags = client.DAGApi(api)
        self._runs = client.DagRunApi(api)
        self._ask = ask

    def owed(self, dag_id: str, after: datetime, until: datetime) -> bool:
        """See ``ports.Airflow.owed_by_assets``."""
        details = unless(404, lambda: self._ask(lambda: self._dags.get_dag_details(dag_id)))
        condition = details.asset_expression if details else None
        if not condition:
            return False
        known = self._known() if has_indirect(condition) else []
        queued = self._queued(dag_id)
        since = self._unused_since(dag_id, after)
        happened = (
            asset_id
            for asset_id in asset_ids(condition, known) - queued
            if since <= until and self._events(asset_id, since, until)
        )
        return run_is_owed(condition, queued, frozenset(happened), known)

    def use_queued(self, dag_id: str, before: datetime) -> None:
        """Take what was queued for a DAG before a time out of Airflow's queue, as a run of its own would."""
        # The generated client wants this time as text, alone among all.
        said = before.isoformat()
        unless(404, lambda: self._ask(lambda: self._assets.delete_dag_asset_queued_events(dag_id, said)))

    def _unused_since(self, dag_id: str, after: datetime) -> datetime:
        """From when on events count: a run started by assets uses all events up to its ``run_after``.

        So does one that was created because the DAG was paused.
        """
        said = self._ask(
            lambda: self._runs.get_dag_runs(
                dag_id, run_type=["asset_triggered", "manual"], order_by="-run_after", limit=PAGE
            )
        )
        used: list[datetime] = [
            row.run_after + timedelta(microseconds=1)
            for row in said.dag_runs
            if row.run_type.value == "asset_triggered" or row.dag_run_id.startswith(OWED_RUN)
        ]
        return max([after, *used])

    def _queued(self, dag_id: str) -> frozenset[int]:
        said = unless(404, lambda: self._ask(lambda: self._assets.get_dag_asset_queued_events(dag_id)))
        return frozenset(row.asset_id for row in said.queued_events) if said else frozenset()

    def _events(self, asset_id: int, since: datetime, until: datetime) -> int:
        said = self._ask(
            lambda: self._assets.get_asset_events(
                asset_id=asset_id, timestamp_gte=since, timestamp_lte=until, limit=0
            )
        )
        return int(said.total_entries)

    def _known(self) -> list[Asset]:
        def fetch(offset: int, limit: int) -> Page[Any]:
            # Unread by the generated client, whose idea of an asset does not fit Airflow 3.2.
            said = self._ask(
                lambda: self._assets.get_assets_without_preload_content(
                    limit=limit, offset=offset, order_by="id", only_active=False
                )
            )
            listed = json.loads(said.data)
            return Page(listed["assets"], listed["total_entries"])

        return [
            Asset(row["id"], row["name"], row["uri"], frozenset(alias["name"] for alias in row["aliases"]))
            for row in every(fetch, lambda row: row["id"], "assets")
        ]
