"""Judges what is live: pure, from the memory of an environment and what one look has found."""

from reconciler.core.verification.figures import MetricValue, metrics, signs_of_life
from reconciler.core.verification.judging import Judged, is_amiss, judge
from reconciler.core.verification.missed import missed_runs
from reconciler.core.verification.wanting import RunWindow, Wanted, record_is_due, tries_wanted, wanted

__all__ = [
    "Judged",
    "MetricValue",
    "RunWindow",
    "Wanted",
    "is_amiss",
    "judge",
    "metrics",
    "missed_runs",
    "record_is_due",
    "signs_of_life",
    "tries_wanted",
    "wanted",
]
