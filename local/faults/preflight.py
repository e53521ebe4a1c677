"""Faults that are to be stopped before anything is merged: by who reads the source, or by a suite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lib.extract.broken import RuleBroken
from lib.loads.handover import Handover
from lib.quality.checkpoint import Checkpoint, run_checkpoints
from lib.quality.suites import looks_at_source, read

from local.faults.caught import Caught, caught
from local.faults.world import CONFIGS, World, interval_before, spoilt_interval
from local.sources.faults.fault import FileFault, TableFault

READING = "reading"


@dataclass(frozen=True)
class Staged:
    """What a DAG has staged, and of which world."""

    dag_id: str
    handover: Handover
    world: World

    @property
    def suite(self) -> str:
        return f"preflight_{self.dag_id}"

    @property
    def checkpoint(self) -> Checkpoint:
        places = {one.table.logical_name: one.name for one in self.handover.staged}
        return Checkpoint(self.suite, self.handover.batch, places)


def load_before(world: World, dag_ids: Iterable[str] = tuple(CONFIGS)) -> None:
    """Load what came before the day: some rules compare with it, and all else is built on it."""
    with world.warehouse() as warehouse:
        for dag_id in dag_ids:
            world.load(warehouse, dag_id, interval_before(dag_id))


def broken_without_faults(world: World, dag_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """The rules that do not hold, by DAG, although nothing was spoilt."""
    with world.warehouse() as warehouse:
        staged = [
            Staged(dag_id, world.stage(warehouse, dag_id, spoilt_interval(dag_id)), world)
            for dag_id in dag_ids
        ]
    return broken(staged)


def rounds(faults: Iterable[TableFault | FileFault]) -> list[list[TableFault | FileFault]]:
    """Faults that can be looked at together: each of another DAG, which has one staging table."""
    found: list[list[TableFault | FileFault]] = []
    for fault in faults:
        free = (one for one in found if fault.dag_id not in {other.dag_id for other in one})
        if (one := next(free, None)) is None:
            found.append(one := [])
        one.append(fault)
    return found


def catch(world: World, faults: Iterable[TableFault | FileFault]) -> Iterator[Caught]:
    """Plant each fault, stage what its DAG would, and check it; nothing is published."""
    for together in rounds(faults):
        yield from _catch_together(world, together)


def _catch_together(world: World, faults: Sequence[TableFault | FileFault]) -> list[Caught]:
    found: list[Caught] = []
    staged: dict[str, Staged] = {}
    with ExitStack() as stack, world.warehouse() as warehouse:
        for fault in faults:
            spoilt = stack.enter_context(world.spoilt(fault))
            try:
                handover = spoilt.stage(warehouse, fault.dag_id, spoilt_interval(fault.dag_id))
                staged[fault.dag_id] = Staged(fault.dag_id, handover, spoilt)
            except RuleBroken as refused:
                found.append(caught(fault, {refused.rule}, READING))
        rules = broken(list(staged.values()))
    return found + [
        caught(fault, rules[fault.dag_id], staged[fault.dag_id].suite)
        for fault in faults
        if fault.dag_id in staged
    ]


def broken(staged: Sequence[Staged]) -> dict[str, frozenset[str]]:
    """The rules that do not hold in what is staged, by DAG: all in one process, but those that compare with
    a source, which each has its own.
    """
    comparing = [one for one in staged if looks_at_source(read(one.suite))]
    found: dict[str, frozenset[str]] = {}
    for together in ([one for one in staged if one not in comparing], *([one] for one in comparing)):
        if together:
            world = together[0].world
            results = run_checkpoints(
                [one.checkpoint for one in together],
                world.warehouse_connection,
                source=world.source_connection,
            )
            for one, result in zip(together, results, strict=True):
                found[one.dag_id] = frozenset(rule.rule for rule in result.findings if not rule.passed)
    return found
