"""What people did in the app and on the site: one gzipped file of JSON lines per hour."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from local.sources.bank import Bank, key
from local.sources.feeds.feed import Files, HourlyFeed, folder

NAME = "clickstream"
EVENT_TYPES = ("page_view", "login", "search", "product_view", "transfer_started", "logout")
_DEVICES = ("ios", "android", "web")


def files(bank: Bank, hour: datetime) -> Files:
    return {path(hour): encode(events(bank, hour))}


def path(hour: datetime) -> str:
    return f"{folder(NAME, hour.date())}hour={hour:%H}/events.json.gz"


def events(bank: Bank, hour: datetime) -> Iterator[dict[str, Any]]:
    """Those of an hour; not sorted by time, as they come from many machines."""
    draw = bank.draw("clickstream", hour)
    for number in range(bank.count(bank.size.clicks, hour)):
        customer = 1 + draw.below(bank.size.individuals)
        yield {
            "event_id": key(hour, number),
            "event_type": draw.of(EVENT_TYPES),
            "customer_id": customer,
            "session_id": f"s{customer}-{hour:%Y%m%d%H}",
            "device": draw.of(_DEVICES),
            "occurred_at": draw.within(hour).isoformat(),
        }


def encode(rows: Iterator[dict[str, Any]]) -> bytes:
    """Without a time of packing, so that the same rows are the same bytes."""
    return gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in rows), mtime=0)


FEED = HourlyFeed(NAME, files)
