"""Airflow DAG: features of customers, a model of who leaves when one is wanted, and a score for everybody.

**What**: counts what there is to learn from, has dbt build the features in three layers and test them, and
asks whether a new model is wanted: more than 1,000 new records, other features than the model knows, or a
model that got worse. Then it trains one or skips that, scores all customers with the newest model, and logs
how whole the features are. Never trains with features whose tests failed.

**When**: 02:00 UTC for the day before; has to be done three hours later. Takes the newest customers and
transactions that there are, without waiting.

**Owner**: ml-team.

**When it fails**: `feature_engineering`: a test of the features does not hold, see the task's log; nothing
is trained, the scores stay those of yesterday, and that is on purpose. `train_model`: `FeaturesChanged`
means that another run was at the features: clear from `check_training_criteria`. `postflight` judges the
scores after they were written. Clearing anything is safe: the same features make the same model, byte for
byte, and a day's scores replace themselves. To take a model back, delete its row in OPS.MODEL_REGISTRY,
then clear `generate_predictions`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, dag, get_current_context, task, task_group
from lib.alerts import default_args
from lib.dbt import dbt_group, node_tags
from lib.intervals import interval_of
from lib.quality.tasks import checkpoint

PERIOD = "day"
TAG = "tag:ml_feature_pipeline"
SCORES = Asset("snowflake://finedge/ml/churn_predictions")


@task
def extract_raw_data() -> int:
    """Count what is new since the model's data; the rows themselves are in the warehouse already."""
    from lib.connections import warehouse
    from lib.ml.pipeline import extract

    with warehouse("ml_feature_pipeline.extract") as connection:
        return extract(connection, _batch())


@task_group
def feature_engineering() -> None:
    """dbt, a layer at a time: each model is a task, which fails where a test of it does."""
    staging = dbt_group("staging", [f"{TAG},path:models/staging"])
    intermediate = dbt_group("intermediate", [f"{TAG},path:models/intermediate"])
    marts = dbt_group("marts", [f"{TAG},path:models/ml"])
    staging >> intermediate >> marts


@task.branch
def check_training_criteria(new_records: int) -> str:
    """Train or not; tells `feature_row_count` and `reasons` to the training."""
    from lib.connections import warehouse
    from lib.lake import lake
    from lib.ml.pipeline import criteria
    from lib.ml.tables import count_features

    with warehouse("ml_feature_pipeline.check") as connection:
        reasons = criteria(connection, lake(), _batch(), new_records)
        count = count_features(connection)
    instance = get_current_context()["ti"]
    instance.xcom_push(key="feature_row_count", value=count)
    instance.xcom_push(key="reasons", value=reasons)
    print("; ".join(reasons) or "the model stays")
    return "train_model" if reasons else "skip_training"


@task(multiple_outputs=False)
def train_model() -> dict[str, str]:
    """Train, keep and register a model; returns its version and its place in the lake."""
    from lib.connections import warehouse
    from lib.lake import lake
    from lib.ml.pipeline import train_model as train

    told = get_current_context()["ti"].xcom_pull
    count, reasons = (
        told(task_ids="check_training_criteria", key=key) for key in ("feature_row_count", "reasons")
    )
    with warehouse("ml_feature_pipeline.train") as connection:
        return train(connection, lake(), _batch(), count, reasons)


@task
def skip_training() -> None:
    """The model stays; why is in the log of the decision."""


# One of the two was skipped, and none may have failed.
@task(trigger_rule="none_failed_min_one_success", outlets=[SCORES])
def generate_predictions() -> int:
    """Score everybody with the newest model; returns how many."""
    from lib.connections import warehouse
    from lib.lake import lake
    from lib.ml.pipeline import predict

    context = get_current_context()
    with warehouse("ml_feature_pipeline.predict") as connection:
        rows = predict(connection, lake(), _batch())
    context["outlet_events"][SCORES].extra = interval_of(context, PERIOD).written()
    return rows


@task
def log_metrics(new_records: int, scored: int) -> None:
    """Print the run's metrics as JSON, which CloudWatch keeps as metrics, and record the run."""
    from lib.connections import warehouse
    from lib.finishing import finish
    from lib.ml.pipeline import metrics

    context = get_current_context()
    with warehouse("ml_feature_pipeline.metrics") as connection:
        print(metrics(connection, _batch()))
        finish(connection, context, interval_of(context, PERIOD), new_records, scored)


def _batch() -> Any:
    return interval_of(get_current_context(), PERIOD).batch("ml_feature_pipeline")


@dag(
    dag_id="ml_feature_pipeline",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        **default_args("ml-team", retries=2, retry_delay=timedelta(minutes=5)),
        "depends_on_past": False,
        "execution_timeout": timedelta(minutes=60),
    },
    tags=["handwritten", "ml", "features", "production", "domain:ml", "owner:ml-team", *node_tags([TAG])],
    doc_md=__doc__,
)
def ml_feature_pipeline() -> None:
    extracted = extract_raw_data()
    decided, scored = check_training_criteria(extracted), generate_predictions()
    judged = checkpoint("postflight_ml_feature_pipeline", PERIOD, task_id="postflight")
    extracted >> feature_engineering() >> decided
    decided >> [train_model(), skip_training()] >> scored >> judged >> log_metrics(extracted, scored)


ml_feature_pipeline()
