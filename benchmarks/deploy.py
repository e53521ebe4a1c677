"""commit → live on a real Airflow, and `aws s3 sync --delete` of the same DAGs to a second one, in turns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import dissect, timing
from benchmarks.dissect import Dissected
from benchmarks.options import Options
from benchmarks.reconciled import Reconciled, reconciled
from benchmarks.result import Result, Samples, Table
from benchmarks.s3_sync import S3Sync, s3_synced

SIZES = (25, 80)


def run(options: Options) -> Result:
    """25 DAGs; in full also 80. Every DAG and the library change in each version."""
    sizes = SIZES if options.full else SIZES[:1]
    tables = [table for dags in sizes for table in _at(options, dags)]
    told = {f"{dags} DAGs": str(timing.local(dags).told()) for dags in sizes}
    return Result(tuple(tables), {"repetitions": options.times(5, 10), **told})


def _at(options: Options, dags: int) -> tuple[Table, Table]:
    how, folder, say = timing.local(dags), options.folder / str(dags), options.say
    with reconciled(folder, dags, how, say) as ours, s3_synced(folder, ours.info, dags, how, say) as theirs:
        begin(ours, theirs, say)
        measured = Measured()
        for number in range(options.times(5, 10)):
            measured.take(ours, theirs, number, say)
    return _table(dags, measured), dissect.table(
        f"{dags} DAGs: where the time of a commit goes", {"seconds": measured.dissected}
    )


def begin(ours: Reconciled, theirs: S3Sync, say: Callable[[str], None]) -> None:
    """The first version on both sides. Not measured: Airflow meets every file for the first time."""
    say("the first deployment of both")
    theirs.deploy("1.0.0")
    ours.code.publish("1.0.0")
    ours.deploy("1.0.0")


class Measured:
    """Seconds, a repetition each."""

    def __init__(self) -> None:
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.published: list[float] = []
        self.dissected: list[Dissected] = []

    def take(self, ours: Reconciled, theirs: S3Sync, number: int, say: Callable[[str], None]) -> None:
        """One version through both, in turns: who is first changes each time."""
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

    def _ours(self, side: Reconciled, version: str, release: str) -> None:
        self.dissected.append(dissect.deploy(side, version, release))
        self.ours.append(self.dissected[-1].live)

    def _theirs(self, side: S3Sync, version: str) -> None:
        began, live = side.deploy(version)
        self.theirs.append(live - began)


def _table(dags: int, measured: Measured) -> Table:
    ours, theirs = Samples("s", tuple(measured.ours)), Samples("s", tuple(measured.theirs))
    rows = (
        ("reconciler: `git push` → Airflow runs all", ours),
        ("`aws s3 sync --delete` → Airflow runs all", theirs),
        ("ratio, in each repetition", ours.over(theirs)),
        ("before the commit: `build`, `publish`, seal", Samples("s", tuple(measured.published))),
    )
    return Table((f"{dags} DAGs, all changed", "median (range)"), rows)
