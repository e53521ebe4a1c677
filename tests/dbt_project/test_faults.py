"""What dbt finds of faults that others are to catch first, and of sources that stand still."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from local.environments import ROOT, dbt_executable
from local.faults import films
from local.postgres import Postgres
from local.sources.bank import Bank
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import FileFault, TableFault
from local.sources.faults.films import FILMS_FAULTS
from local.sources.times import Interval
from tests.dbt_project.conftest import Make
from tests.dbt_project.project import Project
from tests.dbt_project.raw_world import RawWorld, files_of

pytestmark = pytest.mark.airflow

BANK = Bank(seed=7)
DAY = Interval.of_day(date(2026, 3, 2))
LOADED = datetime(2026, 3, 3, 1, tzinfo=UTC)
LET_THROUGH = ("customer_twice", "transaction_twice", "return_twice", "line_outside_chart")
"""Faults that a suite stops, and a test of dbt's would find too. What only dbt finds: `local.faults.dbt`."""
RECONCILED = {
    "settlement_line_missing": {"settlement_of_purchases", "statement_of_settlement", "ledger_of_settlement"},
    "settlement_file_twice": {"settlement_of_purchases", "statement_of_settlement", "ledger_of_settlement"},
    "payout_differs": {"payouts_of_sales", "statement_of_payouts", "ledger_of_payouts"},
    "payout_net_wrong": {"statement_of_payouts"},
    "statement_entry_missing": {"statement_of_payouts"},
}
"""The comparisons in which a fault shows when it is let through."""


@dataclass
class Bench:
    """A day that was loaded and built, into which faults are planted and taken out again."""

    world: RawWorld
    project: Project

    @contextmanager
    def planted(self, *names: str) -> Iterator[None]:
        """Load the day with faults in it; afterwards as it was."""
        self._load(*names)
        try:
            yield
        finally:
            self._load()

    def _load(self, *names: str) -> None:
        files = files_of(BANK, DAY)
        self.world.prepare()
        with (
            psycopg.connect(self.world.postgres) as connection,
            connection.transaction(force_rollback=True),
        ):
            for name in names:
                match FAULTS[name]:
                    case TableFault() as fault:
                        fault.plant(connection, DAY.start.date())
                    case FileFault() as fault:
                        files = fault.plant(files, BANK, DAY.start.date())
            self.world.load_tables(None, DAY.end, LOADED, connection)
        self.world.load_files(files, LOADED)
        self.world.load_market((DAY.end - timedelta(hours=1)).date(), LOADED, days=60)


@pytest.fixture(scope="module")
def bench(make: Make) -> Bench:
    world, project = make("faults", BANK, DAY)
    bench = Bench(world, project)
    bench._load()
    return bench


@pytest.fixture(scope="module")
def first_build(bench: Bench) -> dict[str, str]:
    """What did not succeed when everything was built of the sound day."""
    return bench.project.failures("build", "--exclude", "resource_type:unit_test")


def test_a_sound_day_passes_every_test(bench: Bench, first_build: dict[str, str]) -> None:
    assert first_build == {}
    # Unit tests of incremental models ask the warehouse what their tables look like: these come second.
    assert bench.project.failures("test", "--select", "test_type:unit") == {}


SUMS_OF_DAYS = {
    "MARTS.AGG_DAILY_VOLUME": ("booked_on", "transaction_count"),
    "INTERMEDIATE.INT_CUSTOMER_DAILY_FLOWS": ("business_date", "transaction_count"),
    "INTERMEDIATE.INT_GL_DAILY_MOVEMENTS": ("business_date", "line_count"),
    "INTERMEDIATE.INT_RECONCILED_ITEMS": ("business_date", "expected_amount"),
}
"""Tables with a row per day and something else: their columns of the day, and of what they sum up."""


@pytest.mark.usefixtures("first_build")
def test_a_day_loses_what_has_moved_to_another_however_old_it_is(bench: Bench) -> None:
    """Both days were counted long ago: one with a row that has moved since, one with nothing else."""
    right = {name: bench.project.rows(name) for name in SUMS_OF_DAYS}
    for name, (day, summed) in SUMS_OF_DAYS.items():
        assert right[name]
        bench.world.execute(
            f"UPDATE {name} SET {summed} = {summed} + 1, loaded_at = loaded_at + INTERVAL 30 DAY"
        )
        if name != "INTERMEDIATE.INT_RECONCILED_ITEMS":
            bench.world.execute(
                f"INSERT INTO {name}"
                f" SELECT * REPLACE (CAST('2026-02-01' AS DATE) AS {day}) FROM {name} LIMIT 1"
            )
    models = [name.split(".")[1].lower() for name in SUMS_OF_DAYS]
    assert bench.project.failures("run", "--select", *models) == {}
    assert {name: bench.project.rows(name) for name in SUMS_OF_DAYS} == right


@pytest.mark.usefixtures("first_build")
def test_who_has_left_the_window_has_no_features(bench: Bench) -> None:
    right = bench.project.rows("ML.ML_CUSTOMER_FEATURES")
    bench.world.execute(
        "INSERT INTO ML.ML_CUSTOMER_FEATURES"
        " SELECT * REPLACE (-1 AS customer_id) FROM ML.ML_CUSTOMER_FEATURES LIMIT 1"
    )
    assert bench.project.failures("run", "--select", "ml_customer_features") == {}
    assert bench.project.rows("ML.ML_CUSTOMER_FEATURES") == right


@pytest.mark.long
def test_what_suites_stop_also_fails_a_test_where_it_is_let_through(bench: Bench) -> None:
    with bench.planted(*LET_THROUGH):
        chosen = (
            "--select",
            "path:models/staging",
            "+fct_trial_balance",
            "--indirect-selection",
            "buildable",
        )
        assert set(bench.project.failures("build", *chosen)) == {FAULTS[name].rule for name in LET_THROUGH}


def test_faults_of_the_films_fail_their_tests_and_no_other(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINEDGE_DBT", str(dbt_executable()))
    found = films.catch(postgres.url.rpartition("/")[0])
    assert {one.fault for one in found} == {fault.name for fault in FILMS_FAULTS}
    assert all(one.right for one in found)


def test_the_films_are_built_as_their_pipeline_builds_them() -> None:
    said = re.search(r"^DBT_NODES = (.*)$", (ROOT / "dags" / "films_elt.py").read_text(), re.M)
    assert said
    assert tuple(f"+{node}" for node in ast.literal_eval(said[1])) == films.MODELS


@pytest.mark.long
@pytest.mark.parametrize("name", RECONCILED)
def test_a_difference_is_found_where_the_feeds_are_compared(bench: Bench, name: str) -> None:
    with bench.planted(name):
        assert bench.project.failures("run", "--select", "+fct_reconciliation_breaks", "--full-refresh") == {}
        found = bench.project.ask("SELECT DISTINCT comparison FROM MARTS.FCT_RECONCILIATION_BREAKS")
        assert {comparison for (comparison,) in found} == RECONCILED[name]


@pytest.mark.long
def test_who_is_listed_is_alerted(bench: Bench) -> None:
    with bench.planted("customer_sanctioned"):
        bench.project.ask("DROP TABLE IF EXISTS MARTS.FCT_AML_ALERTS")
        assert bench.project.failures("run", "--select", "+fct_aml_alerts") == {}
        found = bench.project.ask(
            "SELECT customer_id, severity FROM MARTS.FCT_AML_ALERTS WHERE alert_type = 'sanctions_match'"
        )
        assert found == [(1, "critical")]


@pytest.mark.parametrize(
    ("hours", "status"), [(1, set()), (13, {"warn"}), (25, {"error"})], ids=["fresh", "late", "stale"]
)
def test_how_long_ago_transactions_were_loaded_matters(bench: Bench, hours: int, status: set[str]) -> None:
    at = (datetime.now(UTC) - timedelta(hours=hours)).replace(tzinfo=None)
    bench.world.execute(f"UPDATE RAW_CORE.TRANSACTIONS SET _INGESTED_AT = CAST('{at}' AS TIMESTAMP)")
    outcome = bench.project.dbt("source", "freshness", "--select", "source:raw_core.transactions")
    assert {one["status"] for one in outcome.results} - {"pass"} == status


@pytest.mark.parametrize(("hours", "status"), [(0, "pass"), (25, "error")], ids=["moves", "stands still"])
def test_a_source_that_stands_still_is_stale_however_often_it_is_loaded(
    bench: Bench, hours: int, status: str
) -> None:
    bench.world.execute("UPDATE RAW_CORE.TRANSACTIONS SET _INGESTED_AT = CURRENT_TIMESTAMP")
    bench.world.execute("DELETE FROM OPS.LOAD_MANIFEST")
    bench.world.execute(
        "INSERT INTO OPS.LOAD_MANIFEST SELECT 'one', 'ingest_pg_transactions', MAX(updated_at),"
        f" DATEADD(hour, {hours}, MAX(updated_at)), 1, '{{}}', CURRENT_TIMESTAMP FROM RAW_CORE.TRANSACTIONS"
    )
    outcome = bench.project.dbt("source", "freshness", "--select", "source:raw_core.transactions")
    assert [one["status"] for one in outcome.results] == [status]


def test_a_load_that_found_nothing_counts_as_a_load(bench: Bench) -> None:
    bench.world.execute("DELETE FROM RAW_CORE.LOAN_REPAYMENTS")
    outcomes = []
    for hours in (1, 49):
        at = (datetime.now(UTC) - timedelta(hours=hours)).replace(tzinfo=None)
        bench.world.execute("DELETE FROM OPS.LOAD_MANIFEST")
        bench.world.execute(
            "INSERT INTO OPS.LOAD_MANIFEST SELECT 'loans', 'ingest_pg_loans', CURRENT_TIMESTAMP,"
            f""" CURRENT_TIMESTAMP, 0, '{{"RAW_CORE.LOAN_REPAYMENTS": 0}}', CAST('{at}' AS TIMESTAMP)"""
        )
        outcome = bench.project.dbt("source", "freshness", "--select", "source:raw_core.loan_repayments")
        outcomes += [one["status"] for one in outcome.results]
    assert outcomes == ["pass", "error"]


def test_every_difference_of_the_feeds_is_here() -> None:
    assert set(RECONCILED) >= {name for name, fault in FAULTS.items() if fault.rule == "unmatched_value"}
