"""What the environment repo's branch says."""

from __future__ import annotations

from local.demo.checks.check import Judgement
from local.demo.outside import Outside


def tip_is(outside: Outside, commit: str) -> Judgement:
    """The branch is at this commit: nobody else pushed."""
    tip = outside.tip()
    return Judgement(tip == commit, int(tip == commit), f"the branch is at {tip[:10]}, not at {commit[:10]}")
