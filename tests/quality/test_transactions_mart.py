"""What the suite of the transactions mart stops, and what it only tells of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lib.quality.checkpoint import Checkpoint, run_checkpoints

from tests.quality.conftest import BATCH, Row

Ask = Callable[..., list[Row]]
DAY = BATCH.start.date()


@pytest.fixture
def broken(connection: Any, ask: Ask) -> Callable[..., set[tuple[str, str]]]:
    """Rule and severity of what does not hold: of fees by days before, and of lateness by number of rows."""

    def found(fees: dict[int, int], late: dict[int, int]) -> set[tuple[str, str]]:
        sums = [f"('{back}', CAST('{DAY - timedelta(days=back)}' AS DATE), {fee}, TRUE)"
                for back, fee in fees.items()]  # fmt: skip
        rows = [f"SELECT {days}, CAST('{DAY}' AS DATE) FROM range({number})" for days, number in late.items()]
        ask(
            "CREATE OR REPLACE TABLE MARTS.AGG_DAILY_VOLUME (DAILY_VOLUME_ID VARCHAR, BOOKED_ON DATE,"
            " AMOUNT_USD NUMBER(18, 2), IS_REVENUE BOOLEAN)",
            f"INSERT INTO MARTS.AGG_DAILY_VOLUME VALUES {', '.join(sums)}",
            "CREATE OR REPLACE TABLE MARTS.FCT_TRANSACTIONS (TRANSACTION_ID VARCHAR, BOOKED_ON DATE,"
            " AMOUNT_USD NUMBER(18, 2), DAYS_LATE NUMBER(9, 0))",
            "INSERT INTO MARTS.FCT_TRANSACTIONS SELECT uuid(), made.day, 1, made.late FROM"
            f" ({' UNION ALL '.join(rows)}) AS made (late, day)",
            "SELECT 1",
        )
        (result,) = run_checkpoints([Checkpoint("postflight_dbt_transactions_mart", BATCH)], connection)
        return {(one.rule, one.severity) for one in result.findings if not one.passed}

    return found


ON_TIME = {0: 150, 2: 50}


@pytest.mark.parametrize(
    ("fees", "late", "wrong"),
    [
        # A quiet day after a busy one, and as quiet a week ago.
        ({7: 60, 1: 100, 0: 50}, {**ON_TIME, 3: 1}, {("movements_in_time", "warn")}),
        ({7: 100, 1: 70, 0: 70}, ON_TIME, {("revenue_of_day", "error")}),
        (
            {1: 100, 0: 70},
            {**ON_TIME, -1: 1, 4: 2},
            {("movements_in_time", "warn"), ("movements_in_time", "error")},
        ),
    ],
    ids=["quiet weekday, one is late", "less than a week ago", "first week, many are late"],
)
def test_one_odd_row_stops_nothing_and_days_are_compared_by_weekday(
    broken: Callable[..., set[tuple[str, str]]],
    fees: dict[int, int],
    late: dict[int, int],
    wrong: set[tuple[str, str]],
) -> None:
    assert broken(fees, late) == wrong
