"""Faults that dbt finds: loaded like anything else, then found in a test of what is built of them.

Several are planted at once, in groups in which none hides another: a test that fails stops what rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lib.dbt.running import Outcome, run
from lib.dbt.target import SNOWFLAKE

from local.faults.caught import Caught, caught_together
from local.faults.market import load_prices
from local.faults.world import CONFIGS, World, spoilt_interval
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import TableFault
from local.sources.faults.market import MarketFault

DBT, FRESHNESS = "dbt test", "dbt source freshness"
GROUPS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("path:models/staging",): (
        "account_of_nobody",
        "authorization_of_no_card",
        "repayment_of_no_loan",
        "amount_outlier",
        "price_negative",
        "volume_zero",
        "high_below_low",
    ),
    ("+dim_customer", "+fct_transactions", "+fct_transfers", "+int_stock_prices_enriched"): (
        "segment_unknown",
        "amount_negative",
        "transfer_leg_missing",
        "price_zero",
    ),
}
"""Faults by what is built of them."""
STALE = "transactions_stale"
NAMES = frozenset({STALE, *(name for group in GROUPS.values() for name in group)})
_BANK = tuple(dag_id for dag_id in CONFIGS if dag_id.startswith("ingest_pg_"))
"""Who loads the day from the database: these faults are in no file."""
_GOOD = {"success", "pass", "warn", "skipped", "no-op"}


def catch(world: World) -> Iterator[Caught]:
    """Load the day, spoilt in turn by each group; gives what dbt finds.

    What came before the day has to be there; the day is not, before and after.
    """
    yield from _catch_stale(world)
    for select, names in GROUPS.items():
        yield from _catch_group(world, select, names)


def failing(outcome: Outcome) -> set[str]:
    """The rules that do not hold, by the names of their tests; also what could not be built at all."""
    return {_rule(one) for one in outcome.results if one["status"] not in _GOOD}


def _rule(result: dict[str, str]) -> str:
    """A test has its rule's name. Of freshness there is one rule, and one source that a fault makes stale."""
    if result["type"] != "source":
        return result["name"]
    return "fresh" if result["name"] == "transactions" else f"fresh ({result['name']})"


def _catch_stale(world: World) -> list[Caught]:
    fault = FAULTS[STALE]
    assert isinstance(fault, TableFault)
    with world.spoilt(fault) as spoilt, world.warehouse() as warehouse:
        spoilt.load(warehouse, fault.dag_id, spoilt_interval(fault.dag_id))
        stale = failing(_run(world, ["source", "freshness", "--select", "source:raw_core"]))
        world.unload(warehouse, fault.dag_id, spoilt_interval(fault.dag_id))
    return caught_together([fault], stale, FRESHNESS)


def _catch_group(world: World, select: Iterable[str], names: Iterable[str]) -> list[Caught]:
    faults = [FAULTS[name] for name in names]
    in_prices = [one for one in faults if isinstance(one, MarketFault)]
    in_bank = [one for one in faults if not isinstance(one, MarketFault)]
    with world.spoilt(*in_bank) as spoilt, world.warehouse() as warehouse:
        load_prices(warehouse, in_prices)
        for dag_id in _BANK:
            spoilt.load(warehouse, dag_id, spoilt_interval(dag_id))
        outcome = _run(world, ["build", "--select", *select, "--exclude", "resource_type:unit_test",
                               "--indirect-selection", "buildable"])  # fmt: skip
        for dag_id in _BANK:
            world.unload(warehouse, dag_id, spoilt_interval(dag_id))
    return caught_together(faults, failing(outcome), DBT)


def _run(world: World, command: list[str]) -> Outcome:
    return run([command], SNOWFLAKE.variables(world.warehouse_connection, "faults"))
