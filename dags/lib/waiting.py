"""A sensor for what a run reads: see `lib.upstream`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import task

from lib.intervals import Interval, Period, interval_of
from lib.upstream import Need

POKE_SECONDS = 120


def await_inputs(period: Period, needs: Callable[[Interval], Sequence[Need]], timeout: timedelta) -> Any:
    """A task that gives its slot back between two looks, until all that the interval needs is done."""

    @task.sensor(mode="reschedule", poke_interval=POKE_SECONDS, timeout=timeout.total_seconds())
    def wait_for_inputs(**context: Any) -> bool:
        """Wait until the DAGs that this one reads from have done the interval."""
        from lib.connections import warehouse
        from lib.upstream import lacking
        from lib.warehouse.schemas import prepare

        with warehouse(f"{context['dag'].dag_id}.wait") as connection:
            prepare(connection)
            left = lacking(connection, needs(interval_of(context, period)))
        print("\n".join(left) or "everything is there")
        return not left

    return wait_for_inputs()
