"""The steps of the ML pipeline around dbt: count, decide, train, predict. Each may be run again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from lib.lake import Lake
from lib.ml.features import COLUMNS, ID, feature_set
from lib.ml.judging import wholeness
from lib.ml.model import NAME, Model, evaluate, train
from lib.ml.registry import Entry, newest, register
from lib.ml.retraining import Present, reasons_to_train
from lib.ml.tables import CHURN_PREDICTIONS, count_new, customers, prediction_rows
from lib.warehouse.batch import Batch
from lib.warehouse.load import Source, load
from lib.warehouse.schemas import prepare

NAMESPACE = "FinEdge/MachineLearning"
_MOMENT = timedelta(microseconds=1)


class FeaturesChanged(Exception):
    """There are not as many features as were counted before the decision: others are at work on them."""


def extract(connection, batch: Batch) -> int:
    """How many records are new since the data of the newest model before this batch. Copies nothing."""
    prepare(connection, (CHURN_PREDICTIONS,))
    before = newest(connection, NAME, batch.end - _MOMENT)
    since = before.interval_end if before else None
    return count_new(connection, since, batch.end)


def criteria(connection, lake: Lake, batch: Batch, new_records: int) -> list[str]:
    """Why to train; see `reasons_to_train`.

    The model of the same batch does not count: a run that is run again decides as it did.
    """
    entry = newest(connection, NAME, batch.end - _MOMENT)
    if entry is None:
        return reasons_to_train(new_records, feature_set(), None)
    now = evaluate(Model.read(lake.read(entry.location)), customers(connection))
    present = Present(entry.feature_set, entry.log_loss, now["log_loss"])
    return reasons_to_train(new_records, feature_set(), present)


def train_model(
    connection, lake: Lake, batch: Batch, feature_row_count: int, reasons: Sequence[str]
) -> dict[str, str]:
    """Train, keep and register; the model's `version` and `location`. Raises FeaturesChanged, ValueError."""
    found = customers(connection)
    if len(found) != feature_row_count:
        raise FeaturesChanged(f"{len(found)} customers have features, {feature_row_count} were counted")
    trained = train(found)
    run_date = (batch.end - _MOMENT).date()
    version = trained.version(run_date)
    folder = f"models/{NAME}/{run_date}/{trained.digest[:8]}"
    entry = Entry(
        model=NAME,
        version=version,
        digest=trained.digest,
        location=lake.write_once(f"{folder}/model.json", trained.model.written()),
        feature_set=feature_set(),
        metrics=json.dumps(trained.metrics, sort_keys=True),
        row_count=trained.rows,
        reasons="; ".join(reasons),
        batch_id=batch.id,
        interval_start=batch.start,
        interval_end=batch.end,
    )
    metadata = asdict(entry) | {"metrics": dict(trained.metrics), "features": list(COLUMNS)}
    lake.write(f"{folder}/metadata.json", json.dumps(metadata, default=datetime.isoformat, indent=1).encode())
    register(connection, entry)
    return {"version": version, "location": entry.location}


def predict(connection, lake: Lake, batch: Batch) -> int:
    """Score every customer with the newest model of data up to this batch's; how many. Raises LookupError."""
    entry = newest(connection, NAME, batch.end)
    if entry is None:
        raise LookupError(f"no model of data up to {batch.end}")
    model = Model.read(lake.read(entry.location))
    scores = ((one[ID], model.score(one)) for one in customers(connection))
    as_of = (batch.end - _MOMENT).astimezone(UTC).date()
    rows = prediction_rows(scores, as_of, entry.version)
    counts = load(connection, batch, [Source(CHURN_PREDICTIONS, {entry.location: rows})])
    return sum(counts.values())


def metrics(connection, batch: Batch) -> str:
    """A line for the log, in CloudWatch's metric format: how whole features are, how good the model."""
    entry = newest(connection, NAME, batch.end)
    known = json.loads(entry.metrics) if entry else {}
    values = wholeness(customers(connection)) | {f"model_{name}": value for name, value in known.items()}
    numbers = {name: value for name, value in values.items() if value is not None}
    now = datetime.now(UTC)
    told = {
        "Namespace": NAMESPACE,
        "Dimensions": [["dag_id"]],
        "Metrics": [{"Name": name} for name in numbers],
    }
    line = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [told]},
        "ts": now.isoformat(timespec="seconds"),
        "dag_id": batch.dag_id,
        "batch_id": batch.id,
        "model_version": entry.version if entry else None,
        **numbers,
    }
    return json.dumps(line)
