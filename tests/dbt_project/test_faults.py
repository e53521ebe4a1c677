"""Faults that only a test of dbt's can catch: each makes the test of its rule fail, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from local.sources.bank import Bank
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import FileFault, TableFault
from local.sources.faults.market import MarketFault
from local.sources.times import Interval
from tests.dbt_project.conftest import Make
from tests.dbt_project.project import Project
from tests.dbt_project.raw_world import RawWorld, files_of

pytestmark = pytest.mark.airflow

BANK = Bank(seed=7)
DAY = Interval.of_day(date(2026, 3, 2))
LOADED = datetime(2026, 3, 3, 1, tzinfo=UTC)
# What is left is caught before it is loaded, or compared with other days or systems: not by dbt.
IN_TABLES = (
    "customer_twice", "account_of_nobody", "transaction_twice", "transfer_leg_missing",
    "authorization_of_no_card", "repayment_of_no_loan", "segment_unknown", "amount_negative",
    "line_outside_chart", "amount_outlier",
)  # fmt: skip
IN_FILES = ("return_twice",)
IN_PRICES = ("price_negative", "price_zero", "volume_zero", "high_below_low")
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
        files, prices = files_of(BANK, DAY), {}
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
                    case MarketFault() as fault:
                        prices |= fault.fields
            self.world.load_tables(None, DAY.end, LOADED, connection)
        self.world.load_files(files, LOADED)
        self.world.load_market((DAY.end - timedelta(hours=1)).date(), LOADED, days=60, newest=prices)


@pytest.fixture(scope="module")
def bench(make: Make) -> Bench:
    world, project = make("faults", BANK, DAY)
    bench = Bench(world, project)
    bench._load()
    return bench


def test_a_sound_day_passes_every_test(bench: Bench) -> None:
    # Unit tests of incremental models ask the warehouse what their tables look like: these come first.
    assert bench.project.failures("build", "--exclude", "resource_type:unit_test") == {}
    assert bench.project.failures("test", "--select", "test_type:unit") == {}


TOGETHER = {
    # Of the staging views, and of what is built on sound ones: a test that fails stops what rests on it.
    "path:models/staging": (
        "customer_twice", "account_of_nobody", "transaction_twice", "authorization_of_no_card",
        "repayment_of_no_loan", "return_twice", "price_negative", "volume_zero", "high_below_low",
    ),
    "+dim_customer +fct_transactions +fct_transfers +fct_trial_balance +int_stock_prices_enriched": (
        "segment_unknown", "amount_negative", "transfer_leg_missing", "line_outside_chart", "price_zero",
    ),
    "+stg_transactions_ml": ("amount_outlier",),
}  # fmt: skip
"""Faults by what is built of them: in these groups none hides another."""


@pytest.mark.long
@pytest.mark.parametrize("select", TOGETHER, ids=["staging", "marts", "features"])
def test_faults_together_fail_their_tests_and_no_other(bench: Bench, select: str) -> None:
    with bench.planted(*TOGETHER[select]):
        rules = {FAULTS[name].rule for name in TOGETHER[select]}
        chosen = ("--select", *select.split(), "--indirect-selection", "buildable")
        assert set(bench.project.failures("build", *chosen)) == rules


@pytest.mark.long
@pytest.mark.parametrize("name", [*IN_TABLES, *IN_FILES, *IN_PRICES])
def test_a_fault_fails_its_test_and_stops_what_rests_on_it(bench: Bench, name: str) -> None:
    with bench.planted(name):
        assert set(bench.project.failures("build", "--full-refresh")) == {FAULTS[name].rule}


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


def test_every_fault_of_dbts_rules_is_here() -> None:
    """The others' rules belong to what is asked before the load, or after it, across days and systems."""
    of_dbt = {"dbt_customer360", "ledger_close_daily", "stock_pipeline_dag", "ml_feature_pipeline"}
    assert {name for group in TOGETHER.values() for name in group} == {*IN_TABLES, *IN_FILES, *IN_PRICES}
    tried = {*IN_TABLES, *IN_FILES, *IN_PRICES}
    assert {name for name, fault in FAULTS.items() if fault.dag_id in of_dbt} <= tried
    assert set(RECONCILED) >= {name for name, fault in FAULTS.items() if fault.rule == "unmatched_value"}
