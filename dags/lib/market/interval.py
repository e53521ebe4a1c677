"""Which day a run of the stock pipeline is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lib.intervals import Interval, interval_of, last_before

# Trading is over at 21:00 UTC: by then the day counts as ended.
_CLOSED_BEFORE_MIDNIGHT = timedelta(hours=3)


def trading_interval(context: Mapping[str, Any]) -> Interval:
    """The day whose trading was over when the run was due; or the days that the run was asked for."""
    run = context["dag_run"]
    if (run.conf or {}).get("interval") is not None:
        return interval_of(context, "day")
    due: datetime = run.logical_date or run.run_after
    return last_before(due + _CLOSED_BEFORE_MIDNIGHT, "day")
