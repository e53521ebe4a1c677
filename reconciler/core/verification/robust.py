"""Statistics that a few outliers do not lead astray."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import comb
from statistics import median

_NORMAL = 1.4826
"""Turns a median absolute deviation into what a standard deviation would be."""

_PRIOR = 0.2
"""What is thought of a thing that never happened: as if a fifth of one had."""

LAST = 5
"""So many of the last runs count of a DAG that runs often."""

KNOWN = 3
"""After so many times that all went well, one that does not is news."""

_UNLIKELY, _OFTEN_UNLIKELY = 0.002, 0.00002
"""What is less likely than this, if nothing has changed, is not chance."""

FEW = 5
"""With fewer values nothing is known of what is usual."""


def spread(values: Sequence[float], least: float) -> float:
    """How far apart values usually are, no less than ``least``: their median absolute deviation, scaled."""
    middle = median(values)
    return max(_NORMAL * median(abs(value - middle) for value in values), least)


def distance(value: float, usual: Sequence[float], least: float) -> float:
    """How far a value is from the median of ``usual`` ones, in their spreads; the sign says on which side."""
    return (value - median(usual)) / spread(usual, least)


def unheard_of(value: float, usual: Sequence[float]) -> bool:
    """Is a value farther from the median than any of the ``usual`` ones?"""
    middle = median(usual)
    return abs(value - middle) > max(abs(one - middle) for one in usual)


def chance(failed: int, of: int, failed_before: int, of_before: int) -> float:
    """How likely so many failures, or more, are if nothing has changed: from 0 to 1."""
    share = (failed_before + _PRIOR) / (of_before + 1)
    if share >= 1:
        return 1.0
    return sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(failed, of + 1))


def is_news(failed: Sequence[bool], before: Sequence[bool], *, often: bool) -> bool:
    """Are failures more than chance, judged by whether each of those ``before`` failed? Oldest first.

    What comes ``often`` may be waited for: of that, only the last ones count, and have to be very unlikely.
    What comes seldom and never failed is believed the first time that it does.
    """
    last = list(failed[-LAST:]) if often else list(failed)
    if not any(last):
        return False
    if not often and len(before) >= KNOWN and not any(before):
        return True
    unlikely = _OFTEN_UNLIKELY if often else _UNLIKELY
    return chance(sum(last), len(last), sum(before), len(before)) < unlikely


def usual_gap(moments: Sequence[float]) -> float | None:
    """The median time between neighbours of ``moments``, in their unit; None of fewer than three."""
    ordered = sorted(moments)
    if len(ordered) < 3:
        return None
    return median(later - earlier for earlier, later in pairwise(ordered))
