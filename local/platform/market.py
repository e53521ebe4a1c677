"""Runs the market API's stand-in as a process on a leash, with a clock of its own that may be hurried.

As a module it is that process: `python -m local.platform.market PORT SEED SIZE CLOCK SPEED`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from local.options import ROOT
from local.processes import Command, Process, answers, free_port, start, wait_for
from local.sources.bank import SIZES, Bank
from local.sources.market_api import Market, MarketApi, closed_at

HURRIED = 120.0
"""A minute is over in half a second: five calls in that time are allowed."""


def start_market(logs: Path, size: str, seed: int, clock: datetime) -> tuple[str, Process]:
    """Start it with its clock at a moment; its URL, and the process. Raises ServerDied."""
    port = free_port()
    arguments = (str(port), str(seed), size, clock.isoformat(), str(HURRIED))
    kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR", "PATH") if key in os.environ}
    command = Command((sys.executable, "-m", "local.platform.market", *arguments), kept, cwd=ROOT)
    process = start("market API", command, logs / "market-api.log")
    url = f"http://127.0.0.1:{port}/query"
    try:
        wait_for(process, lambda: answers(url), 30)
    except BaseException:
        process.stop()
        raise
    return url, process


def hurried(
    begin: datetime, speed: float, ticks: Callable[[], float] = time.monotonic
) -> Callable[[], datetime]:
    """A clock that begins at a moment and runs that many times as fast as ours."""
    zero = ticks()
    return lambda: begin + timedelta(seconds=(ticks() - zero) * speed)


def main(port: str, seed: str, size: str, clock: str, speed: str) -> None:
    """Serve until told to end."""
    begin = datetime.fromisoformat(clock)
    # Only the limit of calls is hurried: which days it tells of depends on nobody's pace.
    market = Market(Bank(int(seed), SIZES[size]), hurried(begin, float(speed)), closed_at(begin))
    MarketApi(market, int(port)).serve_until_told()


if __name__ == "__main__":
    main(*sys.argv[1:])
