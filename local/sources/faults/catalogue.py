"""All faults by name."""

from __future__ import annotations

from local.sources.faults.fault import FileFault, TableFault
from local.sources.faults.files import FILE_FAULTS
from local.sources.faults.films import FILMS_FAULTS
from local.sources.faults.market import MARKET_FAULTS, MarketFault
from local.sources.faults.tables import TABLE_FAULTS

FAULTS: dict[str, TableFault | FileFault | MarketFault] = {
    fault.name: fault for fault in (*TABLE_FAULTS, *FILMS_FAULTS, *FILE_FAULTS, *MARKET_FAULTS)
}
