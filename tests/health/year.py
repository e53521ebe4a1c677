"""A year and more of healthy, noisy data with several releases a week: which of them are judged bad?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from reconciler.model.health import SignalName
from reconciler.model.watch import Judgement
from tests.health.looking import Looking
from tests.health.simulated import HOUR, MINUTE, Platform, mishap, releases

DAYS = 450
"""Of which the first 50 are only history: more than 13 months with releases."""

LOOKS = (3, 4, 90, 600, 1566)
"""Minutes after each flip: while it bakes, in the first hours, and after ``longestHours``."""

LATER = (3006, 4446, 5900)
"""What is not Stable by then waits for a first run that is due within four days."""


@dataclass
class Lived:
    """How many releases there were, which failed and by what, how many were Stable after 26 hours, and after
    four days (``late``), which signals warned.

    ``tried_again``: runs that were tried once more. ``mishaps``: to so many releases something happened that
    was none of their doing.
    """

    releases: int = 0
    failed: list[str] = field(default_factory=list)
    stable: int = 0
    late: int = 0
    warned: Counter[SignalName] = field(default_factory=Counter)
    tried_again: int = 0
    mishaps: int = 0


def year(seed: int, looks: tuple[int, ...] = LOOKS, days: int = DAYS) -> Lived:
    """Every release of the time, each looked at a few times."""
    lived, platform = Lived(), Platform(seed)
    for at, touched in releases(seed, days):
        beside = mishap(seed, at, touched)
        looking = Looking(platform, at, touched, mishap=beside)
        lived.releases += 1
        moments = {*looks, *((moment - at) // MINUTE for moment in beside.looks)}
        minute = failed_after(looking, tuple(sorted(moments)))
        lived.mishaps += bool(beside.silent_at or beside.gone_at)
        lived.stable += looking.watch.stable_at is not None
        if minute is None:
            minute = failed_after(looking, LATER)
        lived.late += looking.watch.stable_at is not None
        if minute is not None:
            why = [looking.watch.tallies[name].worst for name in looking.failing()]
            lived.failed.append(f"{at:%Y-%m-%d %H:%M} +{minute} min: {why}")
        lived.tried_again += len(looking.again)
        lived.warned.update(looking.failing())
    return lived


def failed_after(looking: Looking, looks: tuple[int, ...] = LOOKS) -> int | None:
    """At which of the looks a release is judged bad, or in the hours in which a run is tried once more."""
    for minute in looks:
        if looking.watch.stable_at is not None and minute in LATER:
            break
        at = looking.flipped + minute * MINUTE
        outcome = looking.look(at)
        while looking.waits:
            at += HOUR
            outcome = looking.look(at)
        if outcome is Judgement.FAILED:
            return minute
    return None
