"""Which day a run of the stock pipeline is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lib.intervals import Interval, interval_of

# Trading is over at 21:00 UTC: by then the day counts as ended.
_CLOSED_BEFORE_MIDNIGHT = timedelta(hours=3)


def trading_interval(context: Mapping[str, Any]) -> Interval:
    """The day whose trading was over when the run was due; or the days that the run was asked for."""
    return interval_of(context, "day", _CLOSED_BEFORE_MIDNIGHT)
