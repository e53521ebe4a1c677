"""The weekly look at everything: suites that are too slow for each run, what changed, where personal data is.

Functions for the tasks of `platform_dq_deep_weekly`, each of which may be run again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lib.quality.checkpoint import Checkpoint, run_checkpoints
from lib.quality.metrics import tell
from lib.quality.outcome import Finding, Outcome, QualityFailed
from lib.quality.suites import names
from lib.warehouse.batch import Batch, stored
from lib.warehouse.schemas import DQ_RESULT

PREFIX = "deep_"


def deep_suites() -> list[str]:
    """The suites that are checked once a week."""
    return [name for name in names() if name.startswith(PREFIX)]


def run_deep(
    batch: Batch,
    connection: Any,
    *,
    source: Any = None,
    docs: Any = None,
    suites: Sequence[str] | None = None,
) -> Outcome:
    """Check all deep suites, or some, in one process, whatever one of them finds; how many rules ended how.

    Connections are as those of `run_suite`. Raises QualityFailed, after all of them, as that does.
    """
    wanted = deep_suites() if suites is None else list(suites)
    results = run_checkpoints(
        [Checkpoint(name, batch) for name in wanted],
        connection,
        source=source,
        docs=docs,
        tag=f"{batch.dag_id}.deep_suites",
    )
    findings: list[Finding] = [finding for result in results for finding in result.findings]
    outcome = Outcome.of(findings)
    tell(batch, [one for result in results for one in result.measured], outcome, sys.stdout)
    if outcome.failed:
        raise QualityFailed(", ".join(wanted), findings)
    return outcome


@dataclass(frozen=True)
class Week:
    """How a suite did in a week, counted over its runs; the share of expectations that held, 0 to 1."""

    suite: str
    week: datetime
    runs: int
    passed: int
    warned: int
    failed: int

    @property
    def share(self) -> float:
        return self.passed / max(1, self.passed + self.warned + self.failed)


def trend(connection: Any, until: datetime, weeks: int = 8) -> list[Week]:
    """How each suite did in the weeks before a moment, the oldest first."""
    since, warned = until - timedelta(weeks=weeks), "\"SEVERITY\" = 'warn'"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(\"SUITE\", 'reading'), DATE_TRUNC('week', \"CHECKED_AT\"), "
            'COUNT(DISTINCT "BATCH_ID"), COUNT_IF("PASSED"), '
            f'COUNT_IF(NOT "PASSED" AND {warned}), COUNT_IF(NOT "PASSED" AND NOT {warned}) '
            f'FROM {DQ_RESULT} WHERE "CHECKED_AT" >= ? AND "CHECKED_AT" < ? GROUP BY 1, 2 ORDER BY 2, 1',
            (stored(since), stored(until)),
        )
        return [Week(suite, week, *map(int, counts)) for suite, week, *counts in cursor.fetchall()]


def told(weeks: Sequence[Week]) -> str:
    """The trend as JSON lines."""
    return "\n".join(
        json.dumps({**vars(one), "week": f"{one.week:%G-W%V}", "share": round(one.share, 4)}) for one in weeks
    )
