"""A year and more of healthy, noisy data with several releases a week: which of them are judged bad?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from reconciler.model.health import SignalName
from reconciler.model.watch import Judgement
from tests.health.looking import Looking
from tests.health.simulated import HOUR, MINUTE, Platform, releases

DAYS = 450
"""Of which the first 50 are only history: more than 13 months with releases."""

LOOKS = (3, 4, 90, 600, 1566)
"""Minutes after each flip: while it bakes, in the first hours, and when it is waited for no longer."""


@dataclass
class Lived:
    """How many releases there were, which failed and by what, how many were Stable, which signals warned.

    ``tried_again``: runs that were tried once more.
    """

    releases: int = 0
    failed: list[str] = field(default_factory=list)
    stable: int = 0
    warned: Counter[SignalName] = field(default_factory=Counter)
    tried_again: int = 0


def year(seed: int, looks: tuple[int, ...] = LOOKS, days: int = DAYS) -> Lived:
    """Every release of the time, each looked at a few times; while a run is tried once more, each hour."""
    lived, platform = Lived(), Platform(seed)
    for at, touched in releases(seed, days):
        looking = Looking(platform, at, touched)
        lived.releases += 1
        for minute in looks:
            then = at + minute * MINUTE
            outcome = looking.look(then)
            while looking.waits:
                then += HOUR
                outcome = looking.look(then)
            if outcome is Judgement.FAILED:
                why = [looking.watch.tallies[name].worst for name in looking.failing()]
                lived.failed.append(f"{at:%Y-%m-%d %H:%M} +{minute} min: {why}")
                break
        lived.stable += looking.watch.stable_at is not None
        lived.tried_again += len(looking.again)
        lived.warned.update(looking.failing())
    return lived
