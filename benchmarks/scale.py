"""1,000 DAGs changed at once: our side on the twin of Airflow, `aws s3 sync --delete` for real, in turns.

Both end when a container that copies the bucket each second has all of it; ours also not before it is due.
Airflow's own parsing, the same on both sides, is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks import timing, waiting
from benchmarks.cloud import Cloud, cloud
from benchmarks.options import Options
from benchmarks.result import Result, Samples, Table
from benchmarks.s3_sync import S3Sync, copied

SIZES, FULL_SIZES = (1000,), (25, 80, 1000)


def run(options: Options) -> Result:
    """1,000 DAGs; in full also 25 and 80, to see how it grows."""
    sizes = FULL_SIZES if options.full else SIZES
    tables = tuple(_at(options, dags) for dags in sizes)
    told = {"repetitions": options.times(1, 3), **timing.local(1000).told()}
    return Result(tables, told)


class Measured:
    """Seconds, a repetition each."""

    def __init__(self) -> None:
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.work: list[float] = []
        self.ticks: list[float] = []
        self.command: list[float] = []
        self.published: list[float] = []

    def take(self, ours: Cloud, theirs: S3Sync, number: int, say: Callable[[str], None]) -> None:
        """One version through both; who is first changes each time."""
        version = f"1.{number + 1}.0"
        release, seconds = ours.code.publish(version)
        self.published.append(seconds)
        sides: list[Callable[[], None]] = [
            partial(self._ours, ours, version, release),
            partial(self._theirs, theirs, version),
        ]
        for side in sides if number % 2 == 0 else reversed(sides):
            side()
        say(
            f"{version}: {self.ours[-1]:.1f} s, s3 sync {self.theirs[-1]:.1f} s, published in {seconds:.1f} s"
        )

    def _ours(self, side: Cloud, version: str, release: str) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            arrives = pool.submit(
                waiting.moment,
                lambda: side.arrived(release),
                side.timing.limit,
                f"{version} is in the folder",
            )
            pushed, ticks = side.deploy(version)
            arrived = arrives.result()
        self.ours.append(max(side.due_at(), arrived) - pushed)
        self.work.append(sum(one.seconds for one in ticks))
        self.ticks.append(len(ticks))

    def _theirs(self, side: S3Sync, version: str) -> None:
        side.write(version)
        began = side.sync()
        ended = time.time()
        arrived = waiting.moment(
            lambda: side.arrived(version), side.timing.limit, f"{version} is in the folder"
        )
        self.command.append(ended - began)
        self.theirs.append(arrived - began)


def _at(options: Options, dags: int) -> Table:
    how, folder, say = timing.local(dags), options.folder / str(dags), options.say
    with (
        cloud(folder, dags, how, say) as ours,
        copied(folder, ours.info, dags, how, folder / "s3-sync" / "copied") as theirs,
    ):
        say(f"the first deployment of {dags} DAGs")
        ours.code.publish("1.0.0")
        ours.deploy("1.0.0")
        theirs.write("1.0.0")
        theirs.sync()
        measured = Measured()
        for number in range(options.times(1, 3)):
            measured.take(ours, theirs, number, say)
    return _table(dags, measured)


def _table(dags: int, measured: Measured) -> Table:
    ours, theirs = Samples("s", tuple(measured.ours)), Samples("s", tuple(measured.theirs))
    rows = (
        ("reconciler: `git push` → in the container and due", ours),
        ("`aws s3 sync --delete` → in the container", theirs),
        ("ratio, in each repetition", ours.over(theirs)),
        ("reconciler: work of the ticks, their waiting included", Samples("s", tuple(measured.work))),
        ("reconciler: ticks", Samples("", tuple(measured.ticks))),
        ("`aws s3 sync`: the command alone", Samples("s", tuple(measured.command))),
        ("before the commit: `build`, `publish`, seal", Samples("s", tuple(measured.published))),
    )
    return Table((f"{dags:,} DAGs, all changed", "median (range)"), rows)
