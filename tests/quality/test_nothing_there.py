"""Where there is nothing to look at, a rule that is about something being there does not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lib.quality import QualityFailed, run_suite

from tests.quality.conftest import BATCH, Row

Ask = Callable[..., list[Row]]
COMPARISONS = ("settlement_of_purchases", "payouts_of_sales", "statement_of_settlement",
               "statement_of_payouts", "ledger_of_settlement", "ledger_of_payouts")  # fmt: skip


def test_an_empty_sanctions_list_is_refused_also_where_there_was_none(connection: Any, ask: Ask) -> None:
    columns = "(ENTITY_ID NUMBER(38, 0), FULL_NAME VARCHAR, PROGRAMME VARCHAR, LISTED_ON DATE)"
    suite, tables = "preflight_ingest_s3_sanctions", {"raw_files.sanctions_list": '"OPS"."NEW_LIST"'}
    ask(
        f"CREATE TABLE IF NOT EXISTS RAW_FILES.SANCTIONS_LIST {columns}",
        "DELETE FROM RAW_FILES.SANCTIONS_LIST",
        f"CREATE TABLE OPS.NEW_LIST {columns}",
        "SELECT 1",
    )
    with pytest.raises(QualityFailed) as stopped:
        run_suite(suite, BATCH, tables, connection)
    assert stopped.value.rules == {"list_complete"}
    ask("INSERT INTO OPS.NEW_LIST VALUES (1, 'Somebody', 'SDN', '2020-01-01')", "SELECT 1")
    assert run_suite(suite, BATCH, tables, connection).failed == 0


def test_a_comparison_that_was_not_made_is_missed(connection: Any, ask: Ask) -> None:
    suite = "postflight_recon_settlement"
    ask(
        "CREATE TABLE MARTS.MART_RECON_DAILY (RECON_ID VARCHAR, BUSINESS_DATE DATE, COMPARISON VARCHAR, "
        "UNMATCHED_SHARE NUMBER(9, 6))",
        "SELECT 1",
    )
    for made in (0, 5):
        for number, name in enumerate(COMPARISONS[:made]):
            day = BATCH.start.date()
            ask(f"INSERT INTO MARTS.MART_RECON_DAILY VALUES ('{number}', '{day}', '{name}', 0)", "SELECT 1")
        with pytest.raises(QualityFailed) as stopped:
            run_suite(suite, BATCH, {}, connection)
        assert stopped.value.rules == {"all_compared"}
    # In a second currency it is the same comparison.
    for currency, name in enumerate((COMPARISONS[5], COMPARISONS[5])):
        row = f"('last{currency}', '{BATCH.start.date()}', '{name}', 0)"
        ask(f"INSERT INTO MARTS.MART_RECON_DAILY VALUES {row}", "SELECT 1")
    assert run_suite(suite, BATCH, {}, connection).failed == 0
