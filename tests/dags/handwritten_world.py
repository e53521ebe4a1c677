"""What the hand-written pipelines run in: raw tables of two days, a lake, the market API, and an Airflow."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lib.dbt.target import SNOWFLAKE
from lib.dbt_cli import DbtProject
from lib.lake import Lake
from lib.market.tables import TABLES as MARKET
from lib.runs import record_run
from lib.warehouse.batch import Batch
from lib.warehouse.connecting import connect
from lib.warehouse.schemas import prepare

from local import aws
from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.environments import airflow_python, dbt_executable, ministack_python, quality_python
from local.films_source import create_database
from local.processes import free_port, wait_until
from local.sources import database
from local.sources.bank import Bank
from local.sources.feeds import credit_bureau
from local.sources.market_api import Market, MarketApi
from local.sources.times import Interval
from local.warehouse import Warehouse
from tests.dags.conftest import ROOT
from tests.dags.test_films_elt_run import Site
from tests.dbt_project.raw_world import RawWorld, files_of

BANK = Bank(seed=7)
DAYS = (date(2026, 3, 31), date(2026, 4, 1))
"""A Tuesday, the last of its month, and a Wednesday."""
SUNDAY = date(2026, 3, 29)
"""When the credit bureau delivered last."""
EVENING = datetime(2026, 4, 1, 22, tzinfo=UTC)
NAME, BUCKET = "FINEDGE_HAND", "finedge-lake-test"
_RUNS = count(1)
KEY = Ed25519PrivateKey.generate()
_UPSTREAM = ("dbt_customer360", "dbt_transactions_mart")
_LOADED = (
    "ingest_pg_ledger",
    "ingest_s3_card_settlement",
    "ingest_s3_ach_returns",
    "ingest_s3_processor_payouts",
    "ingest_s3_bank_statements",
    "ingest_s3_sanctions",
)


def asked(first: date, days: int = 1) -> dict[str, Any]:
    """A run's conf that asks for an interval."""
    start = datetime.combine(first, datetime.min.time(), UTC)
    return {"interval": {"start": start.isoformat(), "end": (start + timedelta(days=days)).isoformat()}}


@dataclass
class World:
    """Everything, running."""

    site: Site
    raw: RawWorld
    lake: Lake
    warehouse: Warehouse
    dbt: DbtProject

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows from the warehouse."""
        return self.raw.execute(query)

    def connect(self, user: str) -> Any:
        """The warehouse, as somebody else."""
        return connect({**self.warehouse.login, "user": user, "database": NAME, "schema": "OPS"})

    def arrive(self, number: int) -> None:
        """A day is over: it is in the raw tables, the books are closed, others have built their marts."""
        day = Interval.of_day(DAYS[number])
        with psycopg.connect(self.raw.postgres) as connection:
            database.append(connection, BANK, day)
            database.close(connection, DAYS[number])
        now = datetime.now(UTC)
        self.raw.load_tables(day.start if number else None, day.end, now)
        self.raw.load_files(files_of(BANK, day), now)
        self.raw.load_files(credit_bureau.FEED.files(BANK, SUNDAY), now)
        self.dbt.invoke("run", [f"tag:{tag}" for tag in _UPSTREAM])
        self.done(number, *_UPSTREAM, *_LOADED)

    def done(self, number: int, *dag_ids: str) -> None:
        """The runs of others for a day are recorded."""
        start = datetime.combine(DAYS[number], datetime.min.time(), UTC)
        for dag_id in dag_ids:
            batch = Batch(dag_id, start, start + timedelta(days=1))
            record_run(self.raw.warehouse, dag_id, f"day-{number}", batch.id, 1, 1, 1, 0, 0, start, start)

    def begin(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run; its id."""
        run_id = f"run_{next(_RUNS)}"
        self.site.call(f"dags/{dag_id}", {"is_paused": False}, "PATCH")
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.site.call(f"dags/{dag_id}/dagRuns", body)
        return run_id

    def run(self, dag_id: str, conf: dict[str, Any]) -> str:
        """A run to its end, which has to be success; its id."""
        run_id = self.begin(dag_id, conf)
        self.succeeds(dag_id, run_id)
        return run_id

    def succeeds(self, dag_id: str, run_id: str) -> None:
        """Wait for a run's end; a task that would be tried again will not be waited for."""

        def ended() -> bool:
            states = self.states(dag_id, run_id)
            assert not {"failed", "up_for_retry"} & set(states.values()), states
            return self.site.state(dag_id, run_id) in ("success", "failed")

        wait_until(ended, 300, f"{dag_id} ends")
        assert self.site.state(dag_id, run_id) == "success"

    def give_up(self, dag_id: str, run_id: str) -> None:
        """End a run as failed, instead of waiting for its retries."""
        self.site.call(f"dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"}, "PATCH")

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """How each task of a run ended."""
        found = self.site.call(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
        return {one["task_id"]: one["state"] for one in found}

    def recorded(self, dag_id: str) -> list[tuple[Any, ...]]:
        """(rows in, rows out, tests failed) of a DAG's runs, in the order of their batches."""
        return self.ask(
            "SELECT ROWS_IN, ROWS_OUT, FAILED FROM OPS.PIPELINE_RUN "
            f"WHERE DAG_ID = '{dag_id}' ORDER BY BATCH_ID, RUN_ID"
        )


@contextmanager
def world(home: Path, postgres: str, warehouse: Warehouse) -> Iterator[World]:
    """All of it, before the first day. `postgres` is a server's URL without a database."""
    with ExitStack() as running:
        source = f"{postgres}/hand_source"
        create_database(source)
        with psycopg.connect(source) as connection:
            database.create(connection)
            database.found(connection, BANK)
        login = {**warehouse.login, "database": NAME, "schema": "OPS"}
        session = running.enter_context(closing(connect(login)))
        prepare(session)
        raw = RawWorld(BANK, source, session, home)
        raw.prepare()
        # These are the stock pipeline's own to make.
        for table in MARKET:
            raw.execute(f"DROP TABLE {table.full_name}")
        lake = running.enter_context(_lake(home))
        # A minute of the API is a second here.
        begun = time.monotonic()
        market = MarketApi(Market(BANK, lambda: EVENING + 60 * timedelta(seconds=time.monotonic() - begun)))
        market.start()
        running.callback(market.server_close)
        running.callback(market.shutdown)
        endpoint = lake.client.meta.endpoint_url
        connections = _connections(login, source, endpoint, market.server_port)
        site = running.enter_context(_airflow(home, connections, endpoint))
        variables = SNOWFLAKE.variables(
            SimpleNamespace(
                host=login["host"],
                port=login["port"],
                login=login["user"],
                password=login["password"],
                schema="OPS",
                extra_dejson={name: login[name] for name in ("account", "database", "protocol")},
            )
        )
        dbt = DbtProject(ROOT / "dbt", str(dbt_executable()), {**variables.shaping, **variables.connecting})
        yield World(site, raw, lake, warehouse, dbt)


@contextmanager
def _lake(home: Path) -> Iterator[Lake]:
    port = free_port()
    server = aws.start_aws(ministack_python(), port, home)
    try:
        client = aws.client("s3", f"http://127.0.0.1:{port}")
        client.create_bucket(Bucket=BUCKET)
        yield Lake(client, BUCKET)
    finally:
        server.stop()


@contextmanager
def _airflow(home: Path, connections: dict[str, Any], endpoint: str) -> Iterator[Site]:
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("dags", "dbt"):
        shutil.copytree(ROOT / part, home / "release" / part, ignore=ignored)
    dags = home / "release" / "dags"
    extra = {
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()},
        **aws.CREDENTIALS,
        "AWS_DEFAULT_REGION": aws.REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Runs are asked for: un-pausing a DAG must not begin the one that the calendar has last.
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        "FINEDGE_DBT": str(dbt_executable()),
        "FINEDGE_QUALITY": str(quality_python()),
    }
    config = AirflowConfig(
        home=home, port=free_port(), dags=dags, worker_dags=dags, parse_interval=300, extra=extra
    )
    airflow = start_airflow(config, airflow_python())
    try:
        yield Site(airflow, "", "")
    finally:
        airflow.stop()


def _connections(login: dict[str, Any], source: str, endpoint: str, market: int) -> dict[str, Any]:
    extra = {name: login[name] for name in ("account", "database", "protocol")}
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "warehouse": {
            "conn_type": "snowflake",
            "host": login["host"],
            "port": login["port"],
            "login": login["user"],
            "password": login["password"],
            "schema": "OPS",
            "extra": extra,
        },
        "finedge_source": {"conn_type": "postgres", **_place(source)},
        "lake": {
            "conn_type": "aws",
            "login": "test",
            "password": "test",
            "extra": {"bucket": BUCKET, "region_name": aws.REGION, "endpoint_url": endpoint},
        },
        "market_api": {
            "conn_type": "http",
            "schema": "http",
            "host": "127.0.0.1",
            "port": market,
            "password": "a-secret-key",
            "extra": {"pause_seconds": 0.25, "limited_seconds": 1},
        },
        "report_signing": {"conn_type": "generic", "password": pem},
    }


def _place(url: str) -> dict[str, Any]:
    parts = psycopg.conninfo.conninfo_to_dict(url)
    found = {"host": parts["host"], "port": int(parts.get("port") or 5432), "schema": parts["dbname"]}
    return found | {"login": parts.get("user"), "password": parts.get("password")}
