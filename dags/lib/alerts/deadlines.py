"""What each pipeline promises: by when after it is due a run, or one of its tasks, has succeeded.

The factory's DAGs promise it in their configurations; the others here, and nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path

from lib.alerts.event import Severity
from lib.factory.model import Config, DbtDomain
from lib.factory.reading import ConfigError, read_config

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deadline:
    """`schedule`: the cron schedule that says when the DAG is due; None where assets begin its runs."""

    dag_id: str
    owner: str
    schedule: str | None
    after: timedelta
    task_id: str = ""
    severity: Severity = "error"

    def due(self, now: datetime, within: timedelta) -> list[datetime]:
        """When runs were due whose deadline has passed, but not longer ago than `within`; latest first."""
        if self.schedule is None:
            return []
        passed = self._before(now - self.after + timedelta(microseconds=1))
        return list(takewhile(lambda tick: tick + self.after > now - within, passed))

    def earlier(self, tick: datetime, count: int) -> list[datetime]:
        """When the runs before were due; latest first."""
        return list(islice(self._before(tick), count))

    def _before(self, moment: datetime) -> Iterator[datetime]:
        from croniter import croniter

        ticks = croniter(self.schedule, moment)
        while True:
            yield ticks.get_prev(datetime)


def _minutes(
    dag_id: str, owner: str, schedule: str, minutes: int, task_id: str = "", severity: Severity = "error"
) -> Deadline:
    return Deadline(dag_id, owner, schedule, timedelta(minutes=minutes), task_id, severity)


HAND_WRITTEN = (
    _minutes("ledger_close_daily", "finance-data", "30 2 * * *", 90),
    _minutes("recon_settlement", "payments-data", "30 6 * * *", 90),
    _minutes("aml_monitoring", "compliance-data", "0 7 * * *", 120),
    _minutes("regulatory_reporting_monthly", "finance-data", "0 8 2 * *", 240),
    _minutes("stock_pipeline_dag", "market-data", "0 23 * * 1-5", 60, "extract"),
    _minutes("stock_pipeline_dag", "market-data", "0 23 * * 1-5", 90, "transform"),
    _minutes("stock_pipeline_dag", "market-data", "0 23 * * 1-5", 120, "load"),
    _minutes("films_elt", "data-engineering", "0 3 * * *", 30),
    _minutes("ml_feature_pipeline", "ml-team", "0 2 * * *", 180),
    _minutes("platform_dq_deep_weekly", "data-engineering", "0 6 * * 0", 240),
)


def declared(folder: Path) -> tuple[Deadline, ...]:
    """All promises: of the configurations in a folder, then of the DAGs that are written by hand.

    A configuration that is not valid promises nothing: its own DAG says so.
    """
    return (*_configured(folder), *HAND_WRITTEN)


def _configured(folder: Path) -> Iterator[Deadline]:
    for file in sorted(folder.glob("*.yml")):
        try:
            yield _of(file.stem, read_config(file))
        except ConfigError as error:
            log.warning("nothing is watched of %s: %s", file.stem, error)


def _of(dag_id: str, config: Config) -> Deadline:
    schedule = None if isinstance(config, DbtDomain) else config.schedule
    return Deadline(dag_id, config.owner, schedule, config.sla, severity=config.severity)
