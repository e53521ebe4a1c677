"""How much of a core Airflow's dag-processor takes when it has nothing new to find."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import waiting
from benchmarks.airflow_view import AirflowView
from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.environments import airflow_python
from local.processes import free_port

_SECONDS = 300.0
"""The longest until it has met every file, on a busy machine."""


def processor_load(folder: Path, dags: str, count: int, interval: int, times: int) -> list[float]:
    """Percent of a core, each over two intervals; `dags` is the folder in `folder` that has so many DAGs.

    Starts an Airflow and ends it. Raises LocalError if it does not find them all.
    """
    place = folder / dags
    config = AirflowConfig(folder / "processor", free_port(), place, place, parse_interval=interval)
    airflow = start_airflow(config, airflow_python())
    try:
        view = AirflowView(airflow.url)
        waiting.moment(lambda: len(view.dags(count)) == count, _SECONDS, f"Airflow knows {count} DAGs")
        root = airflow.processes[-1].leash.pid
        return [_percent(root, 2 * interval) for _ in range(times)]
    finally:
        airflow.stop()


def _percent(root: int, seconds: int) -> float:
    before, began = _worked(root), time.monotonic()
    time.sleep(seconds)
    return 100 * (_worked(root) - before) / (time.monotonic() - began)


def _worked(root: int) -> float:
    """Seconds of processor time of a process, its descendants, and those of them that have ended."""
    return sum(map(_own, _family(root))) / os.sysconf("SC_CLK_TCK")


def _family(root: int) -> Iterator[int]:
    yield root
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from _family(int(child))


def _own(process: int) -> int:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    # utime, stime, and those of children that were waited for.
    return sum(map(int, fields[11:15]))
