"""Airflow DAG: prices of shares and their companies, from the market API by way of the lake to two marts.

**What**: `extract` asks the API slowly enough for its five calls a minute and keeps the answers as they
came; `transform` makes a file of rows for each table; `load` stages them, has them checked and merges them
into RAW_MARKET by symbol and date; dbt makes moving averages, volatility and the sectors' volume of them;
`postflight` judges those. Tasks hand each other nothing but the places of files.

**When**: 23:00 UTC from Monday to Friday, two hours after trading ended, about that very day. Deadlines
from then on: an hour for `extract`, an hour and a half for `transform`, two hours for `load`.

**Owner**: market-data.

**When it fails**: `extract`: `Limited` means that the day's calls are used up (another try follows by
itself ten minutes later, three times); `Refused` that a symbol or the key is unknown, which nobody need try
again. `transform`: `Malformed` names the symbol; the answer lies in the lake below market/raw. `load`: see
the rule in OPS.DQ_RESULT; nothing was published. Any task may be cleared: the same files and rows are
written. A missed day needs nothing: each answer has the last hundred days, and the next run brings it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, dag, get_current_context, task
from lib.alerts import default_args
from lib.dbt import dbt_group, node_tags
from lib.market.interval import trading_interval

MODELS = ["tag:stock_pipeline_dag"]
LOADED = [
    Asset(f"snowflake://finedge/raw_market/{name}") for name in ("stock_prices", "dim_metadata", "dim_date")
]


@dag(
    dag_id="stock_pipeline_dag",
    schedule="0 23 * * 1-5",
    start_date=datetime(2026, 5, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        **default_args("market-data", retries=3, retry_delay=timedelta(minutes=10)),
        "execution_timeout": timedelta(minutes=45),
    },
    tags=["handwritten", "domain:market", "owner:market-data", *node_tags(MODELS)],
    doc_md=__doc__,
)
def stock_pipeline_dag() -> None:
    @task(multiple_outputs=False)
    def extract() -> dict[str, dict[str, str]]:
        """Keep the API's answers in the lake; returns where, by symbol."""
        from airflow.exceptions import AirflowFailException
        from airflow.sdk import Connection
        from lib.lake import lake
        from lib.market import pipeline
        from lib.market.client import Refused, from_airflow

        client = from_airflow(Connection.get("market_api"))
        try:
            return pipeline.extract(client, lake(), _batch())
        except Refused as refused:
            raise AirflowFailException(str(refused)) from refused

    @task(multiple_outputs=False)
    def transform(filepaths: dict[str, dict[str, str]]) -> dict[str, str]:
        """Write a file of rows for each table; returns where, by table."""
        from lib.lake import lake
        from lib.market import pipeline

        return pipeline.transform(lake(), _batch(), filepaths)

    @task(multiple_outputs=False, outlets=LOADED)
    def load(transformed: dict[str, str]) -> dict[str, int]:
        """Have the rows checked and publish them; returns how many, by table."""
        from lib.connections import warehouse
        from lib.lake import lake
        from lib.market import pipeline
        from lib.market.tables import TABLES
        from lib.quality.tasks import checked
        from lib.warehouse.schemas import prepare

        context, batch = get_current_context(), _batch()
        with warehouse("stock_pipeline_dag.load") as connection:
            prepare(connection, TABLES)
            counts = pipeline.load(
                connection,
                lake(),
                batch,
                transformed,
                lambda tables: checked("preflight_stock_pipeline_dag", batch, tables, context),
            )
        for asset in LOADED:
            context["outlet_events"][asset].extra = trading_interval(context).written()
        return counts

    @task
    def postflight(loaded: dict[str, int]) -> None:
        """Judge the marts, and record the run."""
        from lib.connections import warehouse
        from lib.finishing import finish
        from lib.quality.tasks import checked

        context, batch = get_current_context(), _batch()
        checked("postflight_stock_pipeline_dag", batch, {}, context)
        rows = sum(loaded.values())
        with warehouse("stock_pipeline_dag.postflight") as connection:
            finish(connection, context, trading_interval(context), rows, rows)

    loaded = load(transform(extract()))
    loaded >> dbt_group("models", MODELS) >> postflight(loaded)


def _batch() -> Any:
    return trading_interval(get_current_context()).batch("stock_pipeline_dag")


stock_pipeline_dag()
