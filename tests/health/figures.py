"""Prints the figures of docs/health.md: ``python -m tests.health.figures [first seed] [last seed]``."""

from __future__ import annotations

import sys
from datetime import timedelta

from reconciler.model.health import SignalName
from tests.health.detecting import BY_RUNS, OFTEN, SELDOM, SIGNALS, detect
from tests.health.year import year

FIRST, LAST = 301, 306
"""Seeds that nothing was tuned on, unless others are asked for."""


def main() -> None:
    first, last = (int(one) for one in sys.argv[1:3]) if len(sys.argv) > 2 else (FIRST, LAST)
    for fault in SIGNALS:
        for dag in (OFTEN, SELDOM) if fault in BY_RUNS else (OFTEN,):
            found = [detect(fault, dag, seed, timedelta(hours=6)) for seed in range(first, last + 1)]
            took = [f"{one.minutes:.0f}" if one.minutes is not None else "never" for one in found]
            print(f"{fault:22} {dag:10} {' '.join(took):24} condemned {found[0].condemned}", flush=True)
    for seed in range(first, last + 1):
        lived = year(seed)
        warned = {name.value: count for name, count in lived.warned.items() if isinstance(name, SignalName)}
        print(
            f"seed {seed}: {lived.releases} releases, {len(lived.failed)} failed {lived.failed}, "
            f"{lived.stable} Stable after 26 h, {lived.late} after four days, "
            f"{lived.tried_again} second tries, {lived.mishaps} mishaps, warnings {warned}",
            flush=True,
        )


if __name__ == "__main__":
    main()
