"""All faults that suites are to catch, and a table of what became of them."""

from __future__ import annotations

from collections.abc import Iterable

from local.faults import postflight, preflight
from local.faults.caught import Caught
from local.faults.world import CONFIGS, new_world
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import Fault, FileFault, TableFault

# Rules that dbt tests; `dbt` shows of each that it is caught by its test.
BY_DBT = frozenset(
    {
        "account_has_customer",
        "amount_positive",
        "authorization_has_card",
        "both_legs_exist",
        "fresh",
        "no_extreme_outlier",
        "repayment_has_loan",
        "segment_accepted",
    }
)


def before_merging() -> list[TableFault | FileFault]:
    """Faults that reading or a suite stops before anything is merged."""
    return [one for one in _ours() if one.dag_id in CONFIGS]


def after_building() -> list[TableFault | FileFault]:
    """Faults that a suite finds in the marts."""
    return [one for one in _ours() if one.dag_id in postflight.MARTS]


def _ours() -> list[TableFault | FileFault]:
    return [
        one for one in FAULTS.values() if isinstance(one, TableFault | FileFault) and one.rule not in BY_DBT
    ]


def sweep(server: str, login: dict[str, str | int], database: str = "FINEDGE_FAULTS") -> list[Caught]:
    """Plant each fault and catch it; some minutes.

    `server` is the URL of a PostgreSQL server without a database: databases of its own are made there, and
    in the warehouse that `login` reaches. `FINEDGE_QUALITY` and `FINEDGE_DBT` name the tools.
    """
    world = new_world(server, login, database)
    preflight.load_before(world)
    found = preflight.catch(world, before_merging())
    postflight.build_clean(world)
    return found + postflight.catch(world, after_building())


def left() -> list[Fault]:
    """Faults that are not for suites to catch."""
    ours = {one.name for one in (*before_merging(), *after_building())}
    return [one for one in FAULTS.values() if one.name not in ours]


def lines(found: Iterable[Caught]) -> list[str]:
    """A table: fault, its rule, whether it was caught by that alone, and by whom."""
    rows = [("fault", "rule", "caught", "by")]
    for one in found:
        how = "yes" if one.right else f"NO: {', '.join(sorted(one.found)) or 'nothing'}"
        rows.append((one.fault, one.rule, how, one.by))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]
