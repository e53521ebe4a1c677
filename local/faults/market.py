"""The market's prices in the raw tables: asked of the API's stand-in, by the steps of the stock pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import count
from typing import Any

from lib.market.client import MarketClient, Pace
from lib.market.pipeline import extract, load, transform
from lib.market.tables import TABLES
from lib.warehouse.schemas import prepare

from local.faults.world import BANK, DAY, spoilt_interval
from local.sources.faults.market import MarketFault
from local.sources.market_api import Market

DAG_ID = "stock_pipeline_dag"
CLOCK = datetime.combine(DAY, time(22), UTC)
"""Trading of the day is over."""


def load_prices(warehouse: Any, faults: Iterable[MarketFault] = ()) -> None:
    """Load the hundred days up to the spoilt one, with faults planted in that."""
    market, keys = Market(BANK, lambda: CLOCK), count()
    for fault in faults:
        fault.plant(market)

    def get(query: Mapping[str, str]) -> str:
        # A key of its own for each call: how many are allowed is a matter of the key.
        return json.dumps(market.answer({**query, "apikey": f"key-{next(keys)}"}))

    lake, batch = Files(), spoilt_interval("ingest_pg_transactions").batch(DAG_ID)
    rows = transform(lake, batch, extract(MarketClient(get, Pace(pause=0)), lake, batch))
    prepare(warehouse, TABLES)
    # The suite's rules are none of these faults': dbt has theirs.
    load(warehouse, lake, batch, rows, lambda _: None)


@dataclass(frozen=True)
class Files:
    """As much of a lake as the steps use."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def read(self, key: str) -> bytes:
        """A file."""
        return self.kept[key]

    def write(self, key: str, body: bytes) -> str:
        """Keep a file; its key."""
        self.kept[key] = body
        return key
