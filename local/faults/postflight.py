"""Faults that nobody can see before the marts are built: let in, modelled by dbt, caught by a suite.

All are planted in one warehouse, some at once. What a fault has spoilt is loaded again as it was
after it, which is what a pipeline's rerun does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lib.dbt.running import run
from lib.dbt.target import SNOWFLAKE
from lib.factory.model import PgIncremental
from lib.intervals import Interval, begin
from lib.quality.checkpoint import Checkpoint, run_checkpoints
from lib.warehouse.batch import Batch

from local.faults.caught import Caught, caught
from local.faults.world import CONFIGS, World, spoilt_interval
from local.sources.faults.fault import FileFault, TableFault

MARTS: dict[str, tuple[str, ...]] = {
    "dbt_transactions_mart": ("agg_daily_volume",),
    "ledger_close_daily": ("fct_trial_balance",),
    "recon_settlement": ("mart_recon_daily",),
    "regulatory_reporting_monthly": ("rpt_revenue_monthly", "rpt_liquidity"),
    "platform_dq_deep_weekly": (),
    "aml_monitoring": ("fct_aml_alerts",),
}
"""The marts that a DAG's suite judges, by DAG. The weekly one also judges what was loaded."""
TOGETHER = (
    ("payout_differs", "revenue_jump"),
    ("statement_entry_missing", "revenue_dip"),
    ("settlement_line_missing", "email_in_free_text", "customer_sanctioned"),
)
"""Built at once. None gets into what the others' suites look at: a test shows it."""


@dataclass(frozen=True)
class Broken:
    """The rules that do not hold in a DAG's marts."""

    dag_id: str
    rules: frozenset[str]


def build_clean(world: World) -> list[Broken]:
    """Load the day, unspoilt, and build the marts; the rules that do not hold all the same.

    What came before the day has to be there.
    """
    _load(world, CONFIGS)
    _build(world, MARTS)
    return _check(world, list(MARTS))


def catch(world: World, faults: Iterable[TableFault | FileFault]) -> Iterator[Caught]:
    """Plant each fault, with others that it does not meet, and let its DAG's suite judge the marts."""
    for together in rounds(faults):
        judged = broken_by(world, together, [fault.dag_id for fault in together])
        for fault, broken in zip(together, judged, strict=True):
            yield caught(fault, broken.rules, suite(fault.dag_id))


def broken_by(world: World, faults: Sequence[TableFault | FileFault], dag_ids: Sequence[str]) -> list[Broken]:
    """Plant faults, load them, build and check these DAGs' marts, and load what was right again."""
    loading = sorted({dag_id for fault in faults for dag_id in _loaded_by(fault)})
    with world.spoilt(*faults) as spoilt:
        _load(spoilt, loading)
    _build(world, dag_ids)
    found = _check(world, dag_ids)
    _load(world, loading)
    return found


def rounds(faults: Iterable[TableFault | FileFault]) -> list[list[TableFault | FileFault]]:
    """Faults that are built together, each of another DAG; the alerts last, for they are never taken back."""
    left = {fault.name: fault for fault in faults}
    found = [[left.pop(name) for name in names if name in left] for names in TOGETHER]
    every = [*([one] for one in left.values()), *found]
    return [one for one in every if one]


def _loaded_by(fault: TableFault | FileFault) -> list[str]:
    """The DAGs that load what a fault spoils."""
    if isinstance(fault, FileFault):
        return [f"ingest_s3_{fault.feed}"]
    return [
        dag_id
        for dag_id, config in CONFIGS.items()
        if isinstance(config, PgIncremental)
        for table in config.tables
        if f"{config.source.schema_}.{table} " in " ".join(fault.statements)
    ]


def _load(world: World, dag_ids: Iterable[str]) -> None:
    with world.warehouse() as warehouse:
        for dag_id in dag_ids:
            world.load(warehouse, dag_id, spoilt_interval(dag_id))


def _build(world: World, dag_ids: Iterable[str]) -> None:
    models = [f"+{model}" for dag_id in dag_ids for model in MARTS[dag_id]]
    if not models:
        return
    variables = SNOWFLAKE.variables(world.warehouse_connection, "faults")
    run([["run", "--select", *models]], variables).raise_for_failures()


def _check(world: World, dag_ids: Sequence[str]) -> list[Broken]:
    results = run_checkpoints(
        [Checkpoint(suite(dag_id), _batch(dag_id)) for dag_id in dag_ids],
        world.warehouse_connection,
        source=world.source_connection,
    )
    return [
        Broken(dag_id, frozenset(one.rule for one in result.findings if not one.passed))
        for dag_id, result in zip(dag_ids, results, strict=True)
    ]


def suite(dag_id: str) -> str:
    """The suite that judges a DAG's marts."""
    return "deep_privacy" if dag_id == "platform_dq_deep_weekly" else f"postflight_{dag_id}"


def _batch(dag_id: str) -> Batch:
    day = spoilt_interval("ingest_pg_transactions")
    if dag_id == "regulatory_reporting_monthly":
        return Interval(begin(day.start, "month"), day.end).batch(dag_id)
    return day.batch(dag_id)
