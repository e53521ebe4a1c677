"""The ML pipeline's steps on a warehouse: what they decide, keep and write, and that again is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lib.lake import Lake
from lib.ml import pipeline
from lib.ml.features import COLUMNS
from lib.ml.tables import CHURN_PREDICTIONS, count_features
from lib.warehouse.batch import Batch
from lib.warehouse.schemas import prepare

from local.warehouse import Warehouse
from tests.dags.lake import keys, lake
from tests.dags.test_ml_model import customers
from tests.dags.warehouse_world import Database

FIRST = datetime(2026, 5, 4, tzinfo=UTC)


def batch(day: int) -> Batch:
    return Batch("ml_feature_pipeline", FIRST + timedelta(days=day), FIRST + timedelta(days=day + 1))


@pytest.fixture
def bucket() -> Iterator[Lake]:
    with lake() as made:
        yield made


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse)
    with closing(made.connection):
        prepare(made.connection)
        with made.connection.cursor() as cursor:
            cursor.execute("CREATE TABLE RAW_CORE.TRANSACTIONS (ID NUMBER, UPDATED_AT TIMESTAMP_NTZ)")
            kinds = {"CUSTOMER_ID": "NUMBER(38, 0)", "REGION": "VARCHAR", "ACCOUNT_TYPE": "VARCHAR"}
            columns = ", ".join(f"{name} {kinds.get(name, 'NUMBER(18, 6)')}" for name in COLUMNS)
            cursor.execute(f"CREATE TABLE ML.ML_CUSTOMER_FEATURES ({columns})")
        prepare(made.connection, (CHURN_PREDICTIONS,))
        yield made


@pytest.fixture
def database(prepared: Database) -> Database:
    """Sixty customers, thirty transactions, no model."""
    with prepared.connection.cursor() as cursor:
        for name in ("RAW_CORE.TRANSACTIONS", "OPS.MODEL_REGISTRY", "ML.CHURN_PREDICTIONS"):
            cursor.execute(f"DELETE FROM {name}")
    features(prepared, customers(60))
    transactions(prepared, 0, 30)
    return prepared


def features(database: Database, found: list[dict[str, Any]]) -> None:
    """What dbt makes."""
    with database.connection.cursor() as cursor:
        cursor.execute("DELETE FROM ML.ML_CUSTOMER_FEATURES")
        rows = [tuple(one.get(name) for name in COLUMNS) for one in found]
        places = ", ".join("?" for _ in COLUMNS)
        values = [str(one) if one is not None else None for row in rows for one in row]
        listed = ", ".join([f"({places})"] * len(rows))
        cursor.execute(f"INSERT INTO ML.ML_CUSTOMER_FEATURES VALUES {listed}", values)


def transactions(database: Database, day: int, count: int) -> None:
    at = batch(day).start.replace(tzinfo=None).isoformat()
    with database.connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO RAW_CORE.TRANSACTIONS SELECT 1, '{at}'::TIMESTAMP_NTZ FROM RANGE({count})"
        )


def run(database: Database, bucket: Lake, day: int) -> list[str]:
    """A whole run; why it trained."""
    connection, this = database.connection, batch(day)
    new = pipeline.extract(connection, this)
    reasons = pipeline.criteria(connection, bucket, this, new)
    if reasons:
        pipeline.train_model(connection, bucket, this, count_features(connection), reasons)
    pipeline.predict(connection, bucket, this)
    return reasons


def versions(database: Database) -> list[tuple[Any, ...]]:
    return database.ask("SELECT VERSION, ROW_COUNT, REASONS FROM OPS.MODEL_REGISTRY ORDER BY INTERVAL_END")


def test_the_first_run_trains_whatever_there_is(database: Database, bucket: Lake) -> None:
    assert run(database, bucket, 0) == ["there is no model yet"]
    ((version, rows, reasons),) = versions(database)
    assert version.startswith("2026-05-04-")
    assert (rows < 60, reasons) == (True, "there is no model yet")
    folder = f"models/churn/2026-05-04/{version[-8:]}"
    assert keys(bucket) == [f"{folder}/metadata.json", f"{folder}/model.json"]
    told = json.loads(bucket.read(f"{folder}/metadata.json"))
    assert told["features"] == list(COLUMNS)
    assert told["interval_end"] == "2026-05-05T00:00:00+00:00"
    assert set(told["metrics"]) == {"log_loss", "brier", "auc", "base_rate"}
    scores = database.ask("SELECT AS_OF, MODEL_VERSION, COUNT(*), MIN(PROBABILITY), MAX(PROBABILITY) "
                          "FROM ML.CHURN_PREDICTIONS GROUP BY 1, 2")  # fmt: skip
    ((as_of, used, count, least, most),) = scores
    assert (as_of.isoformat(), used, count) == ("2026-05-04", version, 60)
    assert 0 < least < most < 1


def test_few_new_records_train_nothing_but_predict(database: Database, bucket: Lake) -> None:
    run(database, bucket, 0)
    transactions(database, 1, 1000)
    assert run(database, bucket, 1) == []
    assert len(versions(database)) == 1
    assert database.ask("SELECT COUNT(DISTINCT AS_OF), COUNT(*) FROM ML.CHURN_PREDICTIONS") == [(2, 120)]
    # Those that were not enough count on.
    transactions(database, 2, 1)
    assert run(database, bucket, 2) == ["1001 new records are more than 1000"]
    assert len(versions(database)) == 2


def test_a_run_that_is_run_again_decides_writes_and_keeps_the_same(database: Database, bucket: Lake) -> None:
    def contents() -> Any:
        table = (
            "SELECT CUSTOMER_ID, AS_OF, PROBABILITY, MODEL_VERSION FROM ML.CHURN_PREDICTIONS ORDER BY 1, 2"
        )
        files = {key: bucket.read(key) for key in keys(bucket)}
        return database.ask(table), versions(database), files

    run(database, bucket, 0)
    transactions(database, 1, 2000)
    features(database, customers(60, seed=5))
    reasons = run(database, bucket, 1)
    before = contents()
    assert run(database, bucket, 1) == reasons
    assert contents() == before


def test_training_back_to_an_earlier_version_uses_that_one(database: Database, bucket: Lake) -> None:
    used = []
    for seed in (3, 5, 3):
        features(database, customers(60, seed=seed))
        count = count_features(database.connection)
        trained = pipeline.train_model(database.connection, bucket, batch(0), count, ["asked for"])
        pipeline.predict(database.connection, bucket, batch(0))
        found = database.ask("SELECT DISTINCT MODEL_VERSION FROM ML.CHURN_PREDICTIONS")
        assert found == [(trained["version"],)]
        used.append(trained["version"])
    assert used[0] == used[2] != used[1]


def test_an_old_run_uses_no_later_model(database: Database, bucket: Lake) -> None:
    run(database, bucket, 0)
    transactions(database, 1, 2000)
    features(database, customers(60, seed=5))
    run(database, bucket, 1)
    run(database, bucket, 0)
    used = database.ask("SELECT DISTINCT AS_OF, MODEL_VERSION FROM ML.CHURN_PREDICTIONS ORDER BY 1")
    assert [(as_of.isoformat(), version[:10]) for as_of, version in used] == [
        ("2026-05-04", "2026-05-04"),
        ("2026-05-05", "2026-05-05"),
    ]


def test_a_model_that_got_worse_is_trained_again(database: Database, bucket: Lake) -> None:
    run(database, bucket, 0)
    found = customers(60)
    for one in found:
        gone = one["DAYS_SINCE_LAST_PURCHASE"] > 14
        one["DAYS_SINCE_LAST_PURCHASE"] = 2 if gone else 40
    features(database, found)
    (reason,) = run(database, bucket, 1)
    assert reason.startswith("the log loss is")


def test_other_features_than_the_model_knows_train_a_new_one(
    database: Database, bucket: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(database, bucket, 0)
    monkeypatch.setattr("lib.ml.features.SILENT_GAPS", 3.5)
    (reason,) = run(database, bucket, 1)
    assert reason.startswith("the feature set is")


def test_features_that_change_under_the_run_are_not_learned(database: Database, bucket: Lake) -> None:
    pipeline.extract(database.connection, batch(0))
    with pytest.raises(pipeline.FeaturesChanged, match="60 customers have features, 61 were counted"):
        pipeline.train_model(database.connection, bucket, batch(0), 61, [])
    assert keys(bucket) == []
    with pytest.raises(LookupError, match="no model"):
        pipeline.predict(database.connection, bucket, batch(0))


def test_the_logged_metrics_say_how_whole_the_features_are(database: Database, bucket: Lake) -> None:
    run(database, bucket, 0)
    told = json.loads(pipeline.metrics(database.connection, batch(0)))
    assert {"ts", "dag_id", "row_count", "null_percentage", "mean_feature_value"} <= set(told)
    assert (told["row_count"], told["null_percentage"]) == (60, 0.0)
    named = {one["Name"] for one in told["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert named >= {"row_count", "null_percentage", "mean_feature_value", "model_log_loss"}
    assert named <= set(told)
