"""Every benchmark: its name, what it measures, about how long it takes. A plain table, read by the runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import approval, deploy, flip, handlers, idle, loader, mwaa, platform, scale
from benchmarks.options import Options
from benchmarks.result import Result


@dataclass(frozen=True)
class Benchmark:
    """`takes` is said for the sizes by default, then in full. `slow`: only run where it is named."""

    name: str
    what: str
    takes: str
    run: Callable[[Options], Result]
    slow: bool = False


CATALOGUE = (
    Benchmark("handlers", "cold import and memory of each function", "10 s, 40 s", handlers.run),
    Benchmark("loader", "what a pointer adds to the parsing of a DAG", "30 s, 3 min", loader.run),
    Benchmark("idle", "calls of a tick with nothing to do, 25 and 1,000 DAGs", "3 min, 4 min", idle.run),
    Benchmark("deploy", "commit → live beside aws s3 sync, real Airflow", "3 min, 15 min", deploy.run),
    Benchmark("flip", "missing and mixed DAGs at 20 Hz beside aws s3 sync", "4 min, 12 min", flip.run),
    Benchmark("scale", "1,000 DAGs at once beside aws s3 sync", "5 min, 15 min", scale.run),
    Benchmark("platform", "the platform's DAGs, and 55 more", "8 min, 20 min", platform.run),
    Benchmark("mwaa", "commit and revert with MWAA's timing", "4 min, 12 min", mwaa.run, slow=True),
    Benchmark(
        "approval",
        "approval → live with MWAA's timing, runs in flight",
        "12 min, 20 min",
        approval.run,
        slow=True,
    ),
)
