"""When changes may be made: windows that come again by a rule of iCalendar, in the time of a place.

Called by the window gate. The rules are RFC 5545's, read by dateutil.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from reconciler.model.policy import Window, Windows

HORIZON = timedelta(days=400)
"""So far ahead is looked: a window that comes once a year is found."""

_SLACK = timedelta(days=1)
"""Clocks are set forward and back by less."""


@dataclass(frozen=True)
class Span:
    """One time that a window is on: from ``start`` until just before ``end`` (UTC)."""

    window: str
    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Is the window on at that moment?"""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Openings:
    """When changes are allowed, from ``now`` to ``HORIZON``. ``allow`` None: whenever no freeze is on."""

    now: datetime
    freeze: tuple[Span, ...]
    allow: tuple[Span, ...] | None

    def frozen_by(self, moment: datetime) -> Span | None:
        """The freeze that is on, of several the one that ends last."""
        on = (span for span in self.freeze if span.holds(moment))
        return max(on, key=lambda span: span.end, default=None)

    def is_open(self, moment: datetime) -> bool:
        """May a change be made at that moment?"""
        allowed = self.allow is None or any(span.holds(moment) for span in self.allow)
        return allowed and self.frozen_by(moment) is None

    def next_open(self) -> datetime | None:
        """The first moment from now on at which changes are allowed; None if none comes."""
        starts = (span.start for span in self.allow or ())
        return self._first([self.now, *(span.end for span in self.freeze), *starts], is_open=True)

    def next_close(self) -> datetime | None:
        """The first moment from now on at which changes are not allowed; None if none comes."""
        ends = (span.end for span in self.allow or ())
        return self._first([self.now, *(span.start for span in self.freeze), *ends], is_open=False)

    def _first(self, moments: Iterable[datetime], is_open: bool) -> datetime | None:
        coming = sorted(moment for moment in set(moments) if self.now <= moment <= self.now + HORIZON)
        return next((moment for moment in coming if self.is_open(moment) is is_open), None)


def flaw_of(window: Window) -> tuple[str, str, str] | None:
    """The key that cannot be used, what it says and what was expected; None if there is none."""
    try:
        ZoneInfo(window.timezone)
    except (ValueError, KeyError, OSError):
        return "timezone", window.timezone, "the name of a timezone, such as Europe/Zurich"
    try:
        _beginnings(window, window.start, window.start + HORIZON)
    except (ValueError, TypeError, ArithmeticError, LookupError) as error:
        return "rule", window.rule or "", f"a recurrence rule of RFC 5545 ({error})"
    return None


def openings(windows: Windows, now: datetime) -> Openings:
    """What an environment's windows come to."""
    freeze = tuple(span for window in windows.freeze for span in spans(window, now))
    allow = tuple(span for window in windows.allow for span in spans(window, now))
    return Openings(now, freeze, allow if windows.allow else None)


def spans(window: Window, now: datetime) -> list[Span]:
    """The times that a window is on from ``now`` to ``HORIZON``, in order."""
    zone, length = ZoneInfo(window.timezone), timedelta(hours=window.hours)
    first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (now - length, now + HORIZON))
    found = (
        Span(window.name, _utc(begin, zone), _utc(begin + length, zone))
        for begin in _beginnings(window, first - _SLACK, last + _SLACK)
    )
    return [span for span in found if span.end > now and span.start <= now + HORIZON]


def _utc(clock: datetime, zone: ZoneInfo) -> datetime:
    return clock.replace(tzinfo=zone).astimezone(UTC)


def _beginnings(window: Window, first: datetime, last: datetime) -> list[datetime]:
    if window.rule is None:
        return [window.start] if first <= window.start <= last else []
    return rrulestr(window.rule, dtstart=window.start).between(first, last, inc=True)
