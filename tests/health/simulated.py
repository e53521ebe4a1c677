"""A platform of some DAGs, day after day: its noise is drawn from a seed, its faults are put in on purpose.

Each run is drawn by itself, from the seed, its DAG and its number: so a year costs only what is looked at.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property

EPOCH = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_HOLIDAYS = {(1, 1), (5, 1), (8, 1), (11, 27), (11, 28), (12, 24), (12, 25), (12, 26), (12, 31)}


class Fault(StrEnum):
    """What a release can do wrong, or what can break under it."""

    NONE = "nothing"
    IMPORT_ERROR = "import error"
    LOST_DAG = "lost DAG"
    RUN_FAILS = "run fails"
    RETRIES = "task retries"
    MISSED_RUN = "missed run"
    DEAD_SCHEDULER = "dead scheduler"
    DEAD_DAG_PROCESSOR = "dead dag-processor"
    DATA_TEST = "failed data test"
    ROWS = "rows drop by half"
    NULLS = "nulls"
    STALE = "stale table"
    SLOW = "slow runs"


@dataclass(frozen=True)
class Dag:
    """A DAG that runs ``every`` so often, at ``offset``; ``fails``: so large a share of its runs does."""

    name: str
    every: timedelta
    offset: timedelta = timedelta()
    fails: float = 0.0
    seconds: float = 120
    rows: float = 10_000
    weekdays: bool = False


DAGS = (
    Dag("stream_a", 10 * MINUTE, fails=0.003, seconds=90),
    Dag("stream_b", 10 * MINUTE, 3 * MINUTE, fails=0.003, seconds=60),
    Dag("hourly_a", HOUR, 5 * MINUTE, fails=0.002, seconds=300),
    Dag("hourly_b", HOUR, 20 * MINUTE, fails=0.002, seconds=600),
    Dag("hourly_flaky", HOUR, 40 * MINUTE, fails=0.03, seconds=200),
    Dag("half_day", 12 * HOUR, 2 * HOUR, fails=0.0005, seconds=900),
    Dag("daily_a", DAY, HOUR, fails=0.0003, seconds=1200, rows=1e6),
    Dag("daily_b", DAY, 2 * HOUR, fails=0.0003, seconds=2400, rows=2e5),
    Dag("daily_c", DAY, 3 * HOUR, fails=0.0003, seconds=600),
    Dag("daily_d", DAY, 5 * HOUR, fails=0.0003, seconds=600),
    Dag("daily_flaky", DAY, 6 * HOUR, fails=0.08, seconds=600),
    Dag("weekdays", DAY, 7 * HOUR, fails=0.0003, seconds=1800, weekdays=True),
    Dag("weekly", 7 * DAY, 8 * HOUR, fails=0.0003, seconds=3600),
)


@dataclass(frozen=True, eq=False)
class Ran:
    """One run, and what it left behind. ``failing``: rows without a value, of ``rows_out``."""

    dag: Dag
    number: int
    due: datetime
    started: datetime
    ended: datetime
    failed: bool
    tries: int
    rows_in: int
    rows_out: int
    failing: int
    tests: dict[str, tuple[str, bool]] = field(default_factory=dict)
    loads: bool = True


@dataclass
class Platform:
    """All runs of all DAGs. ``fault`` is in what ``broken`` DAGs run from ``flipped`` on."""

    seed: int
    fault: Fault = Fault.NONE
    broken: frozenset[str] = frozenset()
    flipped: datetime = EPOCH
    _kept: dict[tuple[str, int], Ran | None] = field(default_factory=dict)

    def ran(self, dag: Dag, since: datetime, until: datetime, newest: int = 1000) -> list[Ran]:
        """The newest runs that were due in that time, oldest first; some of them may not have ended."""
        last = (until - EPOCH - dag.offset) // dag.every
        first = max((since - EPOCH - dag.offset) // dag.every, 0)
        found = list[Ran]()
        for number in range(last, first - 1, -1):
            run = self._run(dag, number)
            if run is not None and run.started >= since:
                found.append(run)
            if len(found) == newest:
                break
        return found[::-1]

    def again(self, run: Ran, at: datetime) -> Ran:
        """A failed run that is cleared at a time: drawn anew, with the same chance; a fault fails again."""
        lot = random.Random(hash((self.seed, sum(map(ord, run.dag.name)), run.number, 2)))
        at_fault = self.fault is Fault.RUN_FAILS and run.dag.name in self.broken and run.due >= self.flipped
        failed = at_fault or lot.random() < run.dag.fails
        started = at + timedelta(seconds=lot.expovariate(1 / 20))
        return replace(
            run,
            started=started,
            ended=started + timedelta(seconds=run.dag.seconds * lot.lognormvariate(0, 0.2)),
            failed=failed,
            tries=run.tries + 1,
            tests=run.tests | {"flaky": ("error", not failed)},
            loads=not failed,
        )

    def _run(self, dag: Dag, number: int) -> Ran | None:
        key = (dag.name, number)
        if key not in self._kept:
            self._kept[key] = self._drawn(dag, number)
        return self._kept[key]

    def _drawn(self, dag: Dag, number: int) -> Ran | None:
        due = EPOCH + dag.offset + number * dag.every
        if dag.weekdays and due.weekday() > 4:
            return None
        lot = random.Random(hash((self.seed, sum(map(ord, dag.name)), number)))
        fault = self.fault if dag.name in self.broken and due >= self.flipped else Fault.NONE
        if fault is Fault.MISSED_RUN:
            return None
        hard = lot.random() < 0.01 and self._is_rough(due)
        late = lot.expovariate(1 / 20) + (lot.uniform(600, 2400) if lot.random() < 0.03 else 0)
        seconds = dag.seconds * lot.lognormvariate(0, 0.2) * (1.3 if due.weekday() == 0 else 1)
        seconds *= lot.uniform(2, 4) if lot.random() < 0.02 or hard else 1
        tries = 0 if lot.random() < 0.88 else lot.choice((1, 1, 1, 2, 2, 5))
        rows_in = int(dag.rows * self._season(due) * lot.lognormvariate(0, 0.1) * _outlier(lot))
        share = 0.9 * lot.lognormvariate(0, 0.01) * (0.85 if lot.random() < 0.002 else 1)
        nulls = 0.003 * lot.lognormvariate(0, 0.4) * (2 if lot.random() < 0.01 else 1)
        failed = lot.random() < dag.fails
        tests = {
            "unique": ("error", lot.random() >= 0.0001),
            "accepted": ("error", True),
            "always_red": ("error", False),
            "flaky": ("error", not failed),
            "range": ("warn", lot.random() >= 0.1),
        }
        match fault:
            case Fault.RUN_FAILS:
                failed = True
            case Fault.RETRIES:
                tries += 9
            case Fault.ROWS:
                share /= 2
            case Fault.NULLS:
                nulls = 0.2
            case Fault.SLOW:
                seconds *= 5
            case Fault.DATA_TEST:
                tests["accepted"] = ("error", False)
            case _:
                pass
        started = due + timedelta(seconds=late)
        rows_out = int(rows_in * share)
        return Ran(
            dag=dag,
            number=number,
            due=due,
            started=started,
            ended=started + timedelta(seconds=seconds),
            failed=failed,
            tries=tries,
            rows_in=rows_in,
            rows_out=rows_out,
            failing=int(rows_out * nulls),
            tests=tests,
            loads=not failed and fault is not Fault.STALE,
        )

    def _is_rough(self, due: datetime) -> bool:
        """In some hours of a month, all of it is slow."""
        return _is_rough(self.seed, (due - EPOCH) // HOUR)

    def _season(self, due: datetime) -> float:
        days = (due - EPOCH) / DAY
        growth = 1 + days / 600
        week = 0.4 if due.weekday() > 4 else 1.0
        day = 1 + 0.5 * math.sin((due.hour - 9) / 24 * 2 * math.pi)
        holiday = 0.35 if (due.month, due.day) in _HOLIDAYS else 1.0
        return growth * week * day * holiday

    @cached_property
    def lot(self) -> random.Random:
        """For what is not of one run."""
        return random.Random(self.seed)


@cache
def _is_rough(seed: int, hour: int) -> bool:
    return random.Random(hash((seed, 7, hour))).random() < 0.005


def _outlier(lot: random.Random) -> float:
    return lot.choice((0.4, 2.0, 2.5)) if lot.random() < 0.01 else 1.0


@dataclass(frozen=True)
class Mishap:
    """What befalls an environment by no doing of its release: Airflow is silent for a while, as MWAA's
    maintenance makes it, or somebody deletes a DAG that the release did not change, for some hours.
    """

    silent_at: datetime | None = None
    gone: str = ""
    gone_at: datetime | None = None

    def is_silent(self, at: datetime) -> bool:
        """Does neither scheduler nor DAG processor give a sign of life?"""
        return self.silent_at is not None and self.silent_at < at < self.silent_at + 20 * MINUTE

    def is_gone(self, dag: str, at: datetime) -> bool:
        """Is a DAG deleted?"""
        return self.gone_at is not None and dag == self.gone and self.gone_at < at < self.gone_at + 2 * HOUR

    @property
    def looks(self) -> Iterator[datetime]:
        """While it lasts, it is looked each minute."""
        for begun in filter(None, (self.silent_at, self.gone_at)):
            yield from (begun + minutes * MINUTE for minutes in range(3, 12))


def mishap(seed: int, flipped: datetime, touched: frozenset[str]) -> Mishap:
    """What happens to one release of five, some hours after it went live."""
    lot = random.Random(hash((seed, 13, (flipped - EPOCH) // MINUTE)))
    others = sorted({dag.name for dag in DAGS} - touched)
    kind, at = lot.random(), flipped + lot.randrange(60, 1500) * MINUTE
    if kind < 0.1:
        return Mishap(silent_at=at)
    return Mishap(gone=lot.choice(others), gone_at=at) if kind < 0.2 and others else Mishap()


def releases(seed: int, days: int, each_week: float = 4) -> Iterator[tuple[datetime, frozenset[str]]]:
    """When releases go live, and which DAGs each changes: mostly few, now and then all."""
    lot = random.Random(seed * 7919)
    at = EPOCH + 50 * DAY
    while (at := at + timedelta(days=lot.expovariate(each_week / 7), minutes=5)) < EPOCH + days * DAY:
        count = len(DAGS) if lot.random() < 0.05 else lot.choice((1, 1, 2, 3, 4))
        yield at.replace(second=0, microsecond=0), frozenset(one.name for one in lot.sample(DAGS, count))
