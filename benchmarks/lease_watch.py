"""Sees when ticks begin: each takes the environment's lease, whose item says until when it is held."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from local.stack_info import StackInfo
from reconciler.adapters import dynamodb_items as items
from reconciler.model.tick_time import TickTime

EVERY = 0.05  # seconds; a tick holds the lease for longer


@dataclass
class LeaseWatch:
    """`begun`: when each tick took the lease (Unix), in order."""

    begun: list[float] = field(default_factory=list)

    def first_after(self, moment: float) -> float | None:
        """When the first tick after a moment began."""
        return next((begun for begun in self.begun if begun >= moment), None)


@contextmanager
def watching(info: StackInfo, environment: str) -> Iterator[LeaseWatch]:
    """Watch an environment's lease for as long as the context lasts."""
    watch, over = LeaseWatch(), threading.Event()
    table = client("dynamodb", info.aws_endpoint)

    def look() -> None:
        token = ""
        while not over.wait(EVERY):
            item = _item(table, info.table, environment)
            if "expires_at" in item and item["token"]["N"] != token:
                token = item["token"]["N"]
                watch.begun.append(float(item["expires_at"]["N"]) - TickTime.lease_seconds)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def _item(table: Any, name: str, environment: str) -> dict[str, dict[str, str]]:
    try:
        answer = table.get_item(TableName=name, Key=items.key(environment, "LEASE"))
    except (BotoCoreError, ClientError):
        return {}  # looked at again in a moment
    found: dict[str, dict[str, str]] = answer.get("Item", {})
    return found
