"""What a tick asks of the outside when there is nothing to do, with 25 and with 1,000 DAGs."""

from __future__ import annotations

from benchmarks import timing
from benchmarks.cloud import Ticked, cloud
from benchmarks.options import Options
from benchmarks.result import Cell, Result, Samples, Table

SIZES = (25, 1000)


def run(options: Options) -> Result:
    """Both sizes always: that the number does not grow is what it is about."""
    measured = {dags: _idle(options, dags) for dags in SIZES}
    columns = ("Nothing to do", *(f"{dags:,} DAGs" for dags in SIZES))
    tables = (
        Table(columns, tuple(_rows(measured, "calls")), "Calls of ports"),
        Table(columns, tuple(_rows(measured, "requests")), "Requests on the wire"),
        Table(columns, (("seconds of the tick", *(_seconds(ticks) for ticks in measured.values())),)),
    )
    return Result(tables, {"ticks each": options.times(5, 20)})


def _idle(options: Options, dags: int) -> list[Ticked]:
    with cloud(options.folder / str(dags), dags, timing.local(dags), options.say) as side:
        side.code.publish("1.0.0")
        side.deploy("1.0.0")
        options.say(f"{dags} DAGs are deployed")
        ticks = [side.tick() for _ in range(options.times(5, 20))]
    busy = [tick for tick in ticks if tick.outcome != "idle"]
    if busy:
        raise RuntimeError(f"a tick had something to do: {busy[0].message}")
    return ticks


def _rows(measured: dict[int, list[Ticked]], which: str) -> list[tuple[Cell, ...]]:
    counts = [[dict(getattr(tick, which)) for tick in ticks] for ticks in measured.values()]
    names = sorted({name for ticks in counts for tick in ticks for name in tick})
    rows: list[tuple[Cell, ...]] = [
        (name, *(_agreed([tick.get(name, 0) for tick in ticks]) for ticks in counts)) for name in names
    ]
    whole = ("**all**", *(_agreed([sum(tick.values()) for tick in ticks]) for ticks in counts))
    return [*rows, whole]


def _agreed(counts: list[int]) -> Cell:
    """One number where all ticks agree."""
    return counts[0] if len(set(counts)) == 1 else Samples("", tuple(counts))


def _seconds(ticks: list[Ticked]) -> Samples:
    return Samples("s", tuple(tick.seconds for tick in ticks))
