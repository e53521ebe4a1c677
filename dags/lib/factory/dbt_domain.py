"""Models, built when what they read is loaded: a task per model, then the suite, then the assets."""

from __future__ import annotations

from airflow.sdk import DAG, get_current_context, task

from lib.connections import warehouse
from lib.dbt import dbt_group, node_tags
from lib.factory.model import DbtDomain
from lib.factory.shape import asset, extra_of, new_dag, rejections_are_final
from lib.intervals import interval_of


def build(dag_id: str, config: DbtDomain) -> DAG:
    """The DAG of a configuration. Its models are those that dbt tags with its id."""
    select = [f"tag:{dag_id}"]
    outlets = [asset(path) for path in config.publishes]
    schedule = [asset(path) for path in config.after]
    with new_dag(dag_id, config, schedule, node_tags(select)) as dag:

        @task(outlets=outlets, multiple_outputs=False)
        def publish() -> dict[str, int]:
            """Check what was built; tell those who wait for it. Returns how many rows there are, by table."""
            from lib.finishing import finish
            from lib.loads.counts import loaded_rows, table_rows
            from lib.quality.tasks import checked

            context = get_current_context()
            interval = interval_of(context, "hour")
            batch = interval.batch(dag_id)
            with rejections_are_final():
                checked(config.suite.removesuffix(".json"), batch, {}, context)
            with warehouse(f"{dag_id}.publish") as connection:
                counts = table_rows(connection, config.publishes)
                rows_in = loaded_rows(connection, config.after, batch)
                finish(connection, context, interval, rows_in, sum(counts.values()))
            extra_of(context, outlets, interval)
            return counts

        dbt_group("models", select) >> publish()
    return dag
