"""What the DAGs of all templates have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset

from lib.alerts import default_args
from lib.factory.model import Config
from lib.intervals import Interval

START = datetime(2026, 1, 1, tzinfo=UTC)


def new_dag(dag_id: str, config: Config, schedule: Any, tags: Sequence[str] = ()) -> DAG:
    """A DAG without tasks."""
    arguments = default_args(
        config.owner,
        severity=config.severity,
        retries=config.retries,
        retry_delay=timedelta(minutes=config.retry_minutes),
    )
    return DAG(
        dag_id,
        description=config.description,
        schedule=schedule,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        # Whatever hangs must not keep the next interval waiting for ever.
        default_args={**arguments, "pool": config.pool, "execution_timeout": 3 * config.sla},
        tags=[config.template, f"domain:{config.domain}", f"owner:{config.owner}", *tags],
        doc_md=_told(config),
    )


def asset(path: str) -> Asset:
    """A table of the warehouse as others wait for it: `schema/table`."""
    return Asset(f"snowflake://finedge/{path}")


@contextmanager
def rejections_are_final() -> Iterator[None]:
    """What was rejected is no better at the next try: the task fails at once, and people hear of it."""
    from airflow.exceptions import AirflowFailException

    from lib.warehouse.checks import Rejected

    try:
        yield
    except Rejected as error:
        raise AirflowFailException(str(error)) from error


def extra_of(context: Any, outlets: Sequence[Asset], interval: Interval) -> None:
    """Tell those who wait for the assets which interval is new."""
    for outlet in outlets:
        context["outlet_events"][outlet].extra = interval.written()


def _told(config: Config) -> str:
    personal = f" Personal data: {', '.join(config.personal)}." if config.personal else ""
    return (
        f"{config.description}\n\n"
        f"Has to have succeeded {config.sla_minutes} minutes after it is due. "
        f"Owner: {config.owner}. Suite: `{config.suite}`.{personal}"
    )
