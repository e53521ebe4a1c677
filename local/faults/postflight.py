"""Faults that nobody can see before the marts are built: let in, modelled by dbt, caught by a suite.

All are planted in one warehouse, one after the other. What a fault has spoilt is loaded again as it was
after it, which is what a pipeline's rerun does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.dbt.running import run
from lib.dbt.target import SNOWFLAKE
from lib.factory.model import PgIncremental
from lib.intervals import Interval, begin
from lib.quality.checkpoint import Checkpoint, run_checkpoints
from lib.warehouse.batch import Batch

from local.faults.caught import Caught, caught
from local.faults.world import CONFIGS, World, interval_before, spoilt_interval
from local.sources.faults.fault import FileFault, TableFault

# Built by each in turn; the alerts last, for they are never taken back.
MARTS: dict[str, tuple[str, ...]] = {
    "dbt_transactions_mart": ("agg_daily_volume",),
    "ledger_close_daily": ("fct_trial_balance",),
    "recon_settlement": ("mart_recon_daily",),
    "regulatory_reporting_monthly": ("rpt_revenue_monthly", "rpt_liquidity"),
    "platform_dq_deep_weekly": (),
    "aml_monitoring": ("fct_aml_alerts",),
}
"""The marts that a DAG's suite judges, by DAG. The weekly one also judges what was loaded."""


@dataclass(frozen=True)
class Broken:
    """The rules that do not hold in a DAG's marts."""

    dag_id: str
    rules: frozenset[str]


def build_clean(world: World) -> list[Broken]:
    """Load everything, unspoilt, and build the marts; the rules that do not hold all the same."""
    with world.warehouse() as warehouse:
        for dag_id in CONFIGS:
            for interval in (interval_before(dag_id), spoilt_interval(dag_id)):
                world.load(warehouse, dag_id, interval)
    _build(world, MARTS)
    return _check(world, list(MARTS))


def catch(world: World, faults: Iterable[TableFault | FileFault]) -> list[Caught]:
    """Plant each fault, load it, build what it gets into, check that, and load what was right again."""
    order = list(MARTS)
    found = []
    for fault in sorted(faults, key=lambda one: order.index(one.dag_id)):
        dag_ids = _loaded_by(fault)
        with world.spoilt(fault) as spoilt:
            _load(spoilt, dag_ids)
        _build(world, [fault.dag_id])
        (broken,) = _check(world, [fault.dag_id])
        found.append(caught(fault, broken.rules, suite(fault.dag_id)))
        _load(world, dag_ids)
    return found


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
