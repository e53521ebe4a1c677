"""The platform's own expectations, and those of Great Expectations that need care: each can hold and fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from lib.quality.checkpoint import Checkpoint, Result, run_checkpoints
from lib.warehouse.batch import Batch

from local.postgres import as_airflow_has_it, start_postgres
from local.processes import free_port
from tests.quality.conftest import BATCH, Expected, expect

GOOD, BAD = "raw_ledger.good", "raw_ledger.bad"
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "sums": ("group_sums_to_be_equal", {"group_by": ["ID"], "column_A": "DEBIT", "column_B": "CREDIT"}),
    "closing": (
        "opening_plus_sum_to_equal_closing",
        {"group_by": ["DAY"], "opening": "OPENING", "amount": "AMOUNT", "closing": "CLOSING"},
    ),
    "adds_up": ("columns_to_add_up", {"column": "NET", "plus": ["GROSS"], "minus": ["FEE"]}),
    "key": ("key_to_be_unique", {"column_list": ["ID", "LINE"]}),
    "value": (
        "query_value_to_be_between",
        {"query": "SELECT SUM(FEE) AS FEES FROM {{ batch }} AS x WHERE NOTE <> '{0}'", "max_value": 3},
    ),
    "rows": ("query_to_return_no_rows", {"query": "SELECT ID FROM {{ batch }} AS x WHERE LINE > 3"}),
    "private": ("no_personal_data", {"column": "NOTE"}),
    "regex": ("column_values_to_match_regex", {"column": "CODE", "regex": "^[A-Z]{3}$"}),
    "forbidden": ("column_values_to_not_match_regex", {"column": "NOTE", "regex": "exam[p]le"}),
    "set": ("column_values_to_be_in_set", {"column": "CODE", "value_set": ["EUR", "USD"]}),
    "once": ("column_values_to_be_unique", {"column": "NOTE"}),
    "mean": ("column_mean_to_be_between", {"column": "AMOUNT", "min_value": 1, "max_value": 2}),
    "some": ("column_proportion_of_non_null_values_to_be_between", {"column": "FEE", "min_value": 0.6}),
}
COLUMNS = (
    '"ID" NUMBER(38, 0), "LINE" NUMBER(38, 0), "DEBIT" NUMBER(18, 2), "CREDIT" NUMBER(18, 2), "DAY" DATE, '
    '"OPENING" NUMBER(18, 2), "AMOUNT" NUMBER(18, 2), "CLOSING" NUMBER(18, 2), "GROSS" NUMBER(18, 2), '
    '"FEE" NUMBER(18, 2), "NET" NUMBER(18, 2), "NOTE" VARCHAR, "CODE" VARCHAR'
)
# Thirds and tenths: sums that a floating-point number gets wrong.
GOOD_ROWS = (
    "(1, 1, 0.10, 0, '2026-03-01', 5.10, 1.10, 7.50, 3.30, 1.10, 2.20, 'fine', 'EUR'), "
    "(1, 2, 0.20, 0, '2026-03-01', 5.10, 1.30, 7.50, 3.30, 1.00, 2.30, 'ref 4111111111111112', 'USD'), "
    "(1, 3, 0, 0.30, '2026-03-02', 7.50, 1.20, 8.70, 3.30, NULL, 2.30, 'order 2026-03-02', 'EUR')"
)
BAD_ROWS = (
    "(1, 1, 0.10, 0, '2026-03-01', 5.10, 9.10, 7.50, 3.30, 1.10, 2.21, 'to jo@example.com', 'eur'), "
    "(1, 1, 0.21, 0, '2026-03-01', 5.10, 9.30, 7.50, 3.30, 2.90, 2.30, '4111 1111 1111 1111', 'GBP'), "
    "(1, 3, 0, 0.30, '2026-03-02', 7.50, 9.20, 8.70, 3.30, NULL, 2.30, '4111111111111111', 'EUR'), "
    "(2, 9, 0, 0.30, '2026-03-02', 7.50, 9.20, 8.70, 3.30, NULL, 2.30, '4111111111111111', 'EUR')"
)


@pytest.fixture(scope="module")
def results(opened: Any, connection: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Every rule asked of rows of which all are good, and of rows that break each: one process for both."""
    with opened.cursor() as cursor:
        for name, rows in ((GOOD, GOOD_ROWS), (BAD, BAD_ROWS)):
            cursor.execute(f"CREATE TABLE {name.upper()} ({COLUMNS})")
            cursor.execute(f"INSERT INTO {name.upper()} VALUES {rows}")
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("suites")
        patch.setattr("lib.quality.suites.FOLDER", folder)
        for table in (GOOD, BAD):
            write(
                folder, table, [expect(kind, rule, table, **kwargs) for rule, (kind, kwargs) in RULES.items()]
            )
        found = run_checkpoints([Checkpoint(name_of(table), BATCH) for table in (GOOD, BAD)], connection)
    return dict(zip((GOOD, BAD), found, strict=True))


def name_of(table: str) -> str:
    return table.replace(".", "_")


def write(folder: Any, table: str, expectations: list[Expected], **meta: Any) -> None:
    document = {
        "name": name_of(table),
        "meta": {"about": "Made for a test.", "tables": {table: {"key": ["ID", "LINE"]}}, **meta},
        "expectations": expectations,
    }
    (folder / f"{name_of(table)}.json").write_text(json.dumps(document))


def test_all_hold_where_all_is_well(results: dict[str, Result]) -> None:
    assert [one for one in results[GOOD].findings if not one.passed] == []
    assert len(results[GOOD].findings) == len(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_it_fails_where_it_should_and_counts(results: dict[str, Result], rule: str) -> None:
    (found,) = [one for one in results[BAD].findings if one.rule == rule]
    assert not found.passed
    assert not found.error
    counted = {"sums": 2, "closing": 2, "adds_up": 2, "key": 1, "rows": 1, "private": 4, "regex": 1,
               "forbidden": 1, "set": 2, "once": 2}  # fmt: skip
    assert found.failing == counted.get(rule)


def test_a_distribution_is_compared_with_an_earlier_one(
    ask: Callable[..., Any], new_suite: Callable[..., str], connection: Any
) -> None:
    scores = "raw_files.scores"
    ask(
        "CREATE TABLE RAW_FILES.SCORES (ID NUMBER(38, 0), WEEK DATE, SCORE NUMBER(38, 0))",
        "INSERT INTO RAW_FILES.SCORES SELECT x.n, w.week, w.shift + MOD(x.n, 10) FROM "
        "(SELECT ROW_NUMBER() OVER (ORDER BY 1) AS n FROM TABLE(GENERATOR(ROWCOUNT => 40))) x, "
        "(SELECT DATE '2026-03-02' AS week, 0 AS shift UNION ALL SELECT DATE '2026-03-09', 0 "
        "UNION ALL SELECT DATE '2026-03-16', 90) w",
        "SELECT 1",
    )
    earlier = (
        "SELECT COUNT_IF(SCORE < 50), COUNT_IF(SCORE >= 50) FROM RAW_FILES.SCORES "
        "WHERE WEEK = DATEADD(day, -7, {{ first_day }})"
    )
    suite = new_suite(
        "scores",
        {scores: {"key": ["ID"], "where": "WEEK = {{ first_day }}"}},
        [
            expect(
                "column_kl_divergence_to_be_less_than",
                "like_before",
                scores,
                column="SCORE",
                partition_object="before",
                threshold=0.1,
            )
        ],
        histograms={"before": {"bins": [0, 50, 100], "query": earlier}},
    )
    weeks = [
        Batch("tested", BATCH.start + timedelta(days=7 * n), BATCH.end + timedelta(days=7 * n))
        for n in range(3)
    ]
    found = [
        one.findings[0] for one in run_checkpoints([Checkpoint(suite, week) for week in weeks], connection)
    ]
    assert [one.passed for one in found] == [True, True, False]
    assert found[0].observed == "nothing to compare with"
    assert float(found[1].observed) < 0.1 < float(found[2].observed)
    assert found[2].threshold == "threshold=0.1"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A PostgreSQL with a table of two rows."""
    server = start_postgres(tmp_path_factory.mktemp("postgres"), free_port())
    with psycopg.connect(server.url) as made:
        made.execute("CREATE TABLE pairs (amount numeric(18, 2))")
        made.execute("INSERT INTO pairs VALUES (1.10), (2.20)")
    yield as_airflow_has_it(server.url)
    server.process.stop()


def test_both_sides_have_the_same_count_and_sum(
    ask: Callable[..., Any], new_suite: Callable[..., str], connection: Any, source: Any
) -> None:
    pairs = "raw_core.pairs"
    ask(
        "CREATE TABLE RAW_CORE.PAIRS (AMOUNT NUMBER(18, 2))",
        "INSERT INTO RAW_CORE.PAIRS VALUES (1.10), (2.20)",
    )
    asked = (
        "SELECT CAST(COUNT(*) AS VARCHAR) AS n, CAST(CAST(SUM(amount) * 100 AS BIGINT) AS VARCHAR) AS cents "
        "FROM {}"
    )
    both = expect(
        "query_results_to_match_comparison",
        "same",
        pairs,
        base_query=asked.format("{{ batch }} AS x"),
        comparison_data_source_name="source",
        comparison_query=asked.format("pairs"),
    )
    suite = new_suite("pairs", {pairs: {}}, [both])

    def same() -> bool:
        (result,) = run_checkpoints([Checkpoint(suite, BATCH)], connection, source=source)
        return result.findings[0].passed

    assert same()
    ask("UPDATE RAW_CORE.PAIRS SET AMOUNT = 2.21 WHERE AMOUNT = 2.20")
    assert not same()
