"""What the host of the functions logged of their ends."""

from __future__ import annotations

from local.demo.checks.check import Judgement, listing
from local.demo.outside import Outside


def killed(outside: Outside, requests: tuple[str, ...]) -> Judgement:
    """Each of these ticks was cut off by a SIGKILL before it ended. Counts them."""
    found = set(outside.killed())
    missing = [request for request in requests if request not in found]
    held = bool(requests) and not missing and len(set(requests)) == len(requests)
    return Judgement(held, len(set(requests) & found), f"they ended otherwise: {listing(missing)}")
