"""The weekly look: all deep suites at once, profiles that are compared, trends, and suites to begin with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lib.quality import QualityFailed, run_suite
from lib.quality.deep import deep_suites, run_deep, told, trend
from lib.quality.profile import Column, differences, keep, kept_before, profile
from lib.quality.suites import Suite
from lib.warehouse.batch import Batch

from tests.quality.conftest import BATCH, ROOT, Row, expect

Ask = Callable[..., list[Row]]
NOW = datetime(2026, 3, 8, 6, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def things(opened: Any) -> None:
    with opened.cursor() as cursor:
        cursor.execute(
            'CREATE TABLE RAW_CORE.THINGS ("ID" NUMBER(38, 0), "KIND" VARCHAR, "PRICE" NUMBER(18, 2), '
            '"EMAIL" VARCHAR, "AT" DATE, "_BATCH_ID" VARCHAR)'
        )
        cursor.execute(
            "INSERT INTO RAW_CORE.THINGS VALUES (1, 'a', 10, 'x@y.example', '2026-03-01', 'b'), "
            "(2, 'b', 20, 'x@y.example', '2026-03-02', 'b'), (3, 'a', NULL, NULL, '2026-03-03', 'b')"
        )


def test_all_deep_suites_are_checked_before_one_of_them_stops(
    new_suite: Callable[..., str], connection: Any, ask: Ask
) -> None:
    table = "raw_core.things"
    looked = {table: {"key": ["ID"]}}
    new_suite("deep_a", looked, [expect("column_values_to_not_be_null", "priced", table, column="PRICE")])
    new_suite("deep_b", looked, [expect("column_values_to_not_be_null", "there", table, column="ID")])
    new_suite("postflight_c", looked, [expect("column_values_to_not_be_null", "c", table, column="EMAIL")])
    assert deep_suites() == ["deep_a", "deep_b"]
    with pytest.raises(QualityFailed, match="deep_a, deep_b: priced does not hold"):
        run_deep(BATCH, connection)
    assert ask('SELECT "SUITE" FROM OPS.DQ_RESULT WHERE "SUITE" LIKE \'deep%\' ORDER BY 1') == [
        ("deep_a",),
        ("deep_b",),
    ]
    assert run_deep(BATCH, connection, suites=["deep_b"]).passed == 1


def test_the_trend_counts_by_week(new_suite: Callable[..., str], connection: Any, opened: Any) -> None:
    table = "raw_core.things"
    suite = new_suite(
        "weekly",
        {table: {"key": ["ID"]}},
        [
            expect("column_values_to_not_be_null", "priced", table, "warn", column="PRICE"),
            expect("column_values_to_not_be_null", "there", table, column="ID"),
        ],
    )
    run_suite(suite, BATCH, {}, connection)
    now = datetime.now(UTC) + timedelta(minutes=1)
    (week,) = [one for one in trend(opened, now) if one.suite == "weekly"]
    assert (week.runs, week.passed, week.warned, week.failed, week.share) == (1, 1, 1, 0, 0.5)
    assert json.loads(told([week]))["week"] == f"{week.week:%G-W%V}"
    assert not [one for one in trend(opened, now - timedelta(days=8)) if one.suite == "weekly"]


def test_a_profile_says_what_a_table_looks_like(opened: Any) -> None:
    key, kind, price, email, at = profile(opened, "RAW_CORE", "THINGS")
    assert (key.rows, key.nulls, key.different, key.least, key.greatest) == (3, 0, 3, "1", "3")
    assert kind.values == ("a", "b")
    assert (price.nulls, price.mean) == (1, 15.0)
    assert (email.least, email.greatest, email.values, email.different) == (None, None, (), 1)
    assert (at.least, at.values) == ("2026-03-01", ())
    with pytest.raises(LookupError, match=r"no table RAW_CORE\.NOTHING"):
        profile(opened, "RAW_CORE", "NOTHING")


def test_profiles_are_kept_by_interval_and_compared(opened: Any, ask: Ask) -> None:
    first = Batch("platform_dq_deep_weekly", BATCH.start, BATCH.start + timedelta(days=7))
    second = replace(first, start=first.end, end=first.end + timedelta(days=7))
    found = profile(opened, "RAW_CORE", "THINGS")
    assert kept_before(opened, first, "RAW_CORE.THINGS") == []
    for _ in range(2):
        keep(opened, first, "RAW_CORE.THINGS", found, NOW)
    kept = "SELECT COUNT(*) FROM OPS.DQ_PROFILE WHERE TABLE_NAME = 'RAW_CORE.THINGS'"
    assert ask(kept) == [(len(found),)]
    before = kept_before(opened, second, "RAW_CORE.THINGS")
    assert sorted(before, key=lambda one: one.name) == sorted(found, key=lambda one: one.name)
    assert kept_before(opened, first, "RAW_CORE.THINGS") == []


def test_differences_are_told_where_they_matter() -> None:
    old = Column("PRICE", "NUMBER", 100, 0, 90, "1", "9", 5.0)
    kind = Column("KIND", "TEXT", 100, 0, 2, "a", "b", None, ("a", "b"))
    assert differences([], [old]) == []
    assert differences([old, kind], [old, kind]) == []
    assert differences([old], [replace(old, mean=5.5, rows=120)]) == []
    assert differences(
        [old, kind],
        [
            replace(old, mean=9.0, nulls=10),
            replace(kind, values=("a", "c")),
            replace(kind, name="NEW"),
        ],
    ) == [
        "NEW is new",
        "KIND: new words: c",
        "PRICE: 0.0% of rows had none, now 10.0%",
        "PRICE: its mean was 5, is 9",
    ]
    assert differences([old, kind], [replace(old, kind="TEXT")]) == [
        "KIND is gone",
        "PRICE: its type was NUMBER, is TEXT",
    ]


def test_a_suite_to_begin_with_is_proposed_and_has_to_be_answered(connection: Any) -> None:
    described = {
        "conn_type": "snowflake",
        "host": connection.host,
        "port": connection.port,
        "login": connection.login,
        "password": connection.password,
        "schema": connection.schema,
        "extra": connection.extra_dejson,
    }
    command = [sys.executable, "-m", "lib.quality.propose", "raw_core.things"]
    environment = {**os.environ, "AIRFLOW_CONN_WAREHOUSE": json.dumps(described)}
    run = subprocess.run(
        command, cwd=ROOT / "dags", env=environment, capture_output=True, text=True, check=True
    )
    proposed = json.loads(run.stdout)
    rules = {one["meta"]["rule"]: one for one in proposed["expectations"]}
    assert rules.keys() == {"id_not_null", "id_unique", "kind_not_null", "kind_known", "price_plausible",
                            "price_mean_usual", "at_not_null"}  # fmt: skip
    assert rules["kind_known"]["kwargs"] == {"column": "KIND", "value_set": ["a", "b"]}
    assert "x@y.example" not in run.stdout
    with pytest.raises(ValueError, match="nobody has said it yet"):
        Suite.model_validate(proposed)
    for one in rules.values():
        one["meta"] |= {"owner": "tests", "reason": "Somebody has thought about this."}
    Suite.model_validate(proposed)
