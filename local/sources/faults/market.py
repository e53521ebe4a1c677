"""Faults in the market API: what its newest day of prices looks like."""

from __future__ import annotations

from dataclasses import dataclass

from local.sources.faults.fault import Fault
from local.sources.market_api import Day, Market


@dataclass(frozen=True)
class MarketFault(Fault):
    """Fields of the newest day that are sent in place of the right ones."""

    fields: Day

    def plant(self, market: Market) -> None:
        """From now on, for all symbols; what was planted before stays."""
        before = market.spoil
        market.spoil = lambda day: before(day) | self.fields


MARKET_FAULTS = (
    MarketFault("price_negative", "stock_pipeline_dag", "no_negative_prices", {"1. open": "-1.0000"}),
    MarketFault("price_zero", "stock_pipeline_dag", "return_has_base", {"4. close": "0.0000"}),
    MarketFault("volume_zero", "stock_pipeline_dag", "volume_positive", {"5. volume": "0"}),
    MarketFault("high_below_low", "stock_pipeline_dag", "high_not_below_low", {"2. high": "0.0100"}),
)
