"""Each critical alert is decided on once, and each decision keeps its row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lib.aml.decision import decide
from lib.warehouse.batch import Batch
from lib.warehouse.schemas import prepare

from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database, Fragile, Killed

FIRST = datetime(2026, 5, 4, tzinfo=UTC)


def batch(day: int) -> Batch:
    return Batch("aml_monitoring", FIRST + timedelta(days=day), FIRST + timedelta(days=day + 1))


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse)
    with closing(made.connection):
        prepare(made.connection)
        with made.connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE MARTS.FCT_AML_ALERTS (ALERT_ID VARCHAR, SEVERITY VARCHAR, BUSINESS_DATE DATE)"
            )
        yield made


@pytest.fixture
def database(prepared: Database) -> Database:
    """Nothing was found nor decided."""
    with prepared.connection.cursor() as cursor:
        for name in ("MARTS.FCT_AML_ALERTS", "OPS.AML_DECISION", "OPS.AML_CASE"):
            cursor.execute(f"DELETE FROM {name}")
    return prepared


def alert(database: Database, name: str, day: int, severity: str = "critical") -> None:
    with database.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO MARTS.FCT_AML_ALERTS VALUES (?, ?, ?)",
            (name, severity, (FIRST + timedelta(days=day)).date().isoformat()),
        )


def decisions(database: Database) -> list[tuple[Any, ...]]:
    return database.ask("SELECT BATCH_ID, OUTCOME, HITS FROM OPS.AML_DECISION ORDER BY BATCH_ID, HITS")


def test_no_critical_alert_is_no_action_and_has_its_row_too(database: Database) -> None:
    alert(database, "a", 0, "high")
    decision = decide(database.connection, batch(0), "run")
    assert (decision.outcome, decision.hits) == ("no_action", 0)
    assert decisions(database) == [(batch(0).id, "no_action", 0)]


def test_a_critical_alert_is_escalated_by_its_run_alone(database: Database) -> None:
    alert(database, "a", 0)
    alert(database, "b", 1)
    assert decide(database.connection, batch(0), "run").hits == 1
    assert decide(database.connection, batch(1), "run").hits == 1
    assert decide(database.connection, batch(2), "run").outcome == "no_action"
    assert [row[1] for row in decisions(database)] == ["escalate", "escalate", "no_action"]


def test_a_run_that_is_run_again_decides_the_same_and_adds_no_row(database: Database) -> None:
    alert(database, "a", 0)
    first = decide(database.connection, batch(0), "run")
    decide(database.connection, batch(1), "run")
    rows = database.ask("SELECT * FROM OPS.AML_DECISION ORDER BY 1")
    assert decide(database.connection, batch(0), "again") == first
    assert database.ask("SELECT * FROM OPS.AML_DECISION ORDER BY 1") == rows


def test_an_alert_that_is_found_late_is_not_lost(database: Database) -> None:
    decide(database.connection, batch(0), "run")
    alert(database, "late", 0)
    assert decide(database.connection, batch(1), "run").outcome == "escalate"
    # It is the later run's for ever: the first keeps its decision.
    assert decide(database.connection, batch(0), "again").outcome == "no_action"
    assert [row[1] for row in decisions(database)] == ["no_action", "escalate"]


def test_more_evidence_is_a_further_decision_beside_the_first(database: Database) -> None:
    alert(database, "a", 0)
    decide(database.connection, batch(0), "run")
    alert(database, "b", 0)
    assert decide(database.connection, batch(0), "again").hits == 2
    assert [row[2] for row in decisions(database)] == [1, 2]


def test_people_hear_of_further_evidence_and_of_the_same_once(database: Database) -> None:
    alert(database, "a", 0)
    first = decide(database.connection, batch(0), "run")
    assert decide(database.connection, batch(0), "run").event == first.event
    alert(database, "b", 0)
    assert decide(database.connection, batch(0), "run").event != first.event


def test_whoever_dies_on_the_way_has_decided_nothing_or_all(database: Database) -> None:
    alert(database, "a", 0)
    alert(database, "b", 0)
    steps = 0
    for at in range(1, 20):
        with closing(database.connect()) as connection:
            fragile = Fragile(connection, at, before=True)
            try:
                decide(fragile, batch(0), "run")
            except Killed:
                assert database.ask("SELECT COUNT(*) FROM OPS.AML_CASE") == [(0,)]
                assert decisions(database) == []
                steps += 1
                continue
        break
    assert steps >= 5
    assert decisions(database) == [(batch(0).id, "escalate", 2)]
    assert database.ask("SELECT COUNT(*) FROM OPS.AML_CASE") == [(2,)]
