"""Tells an event to every channel there is, and keeps it in OPS.PIPELINE_EVENT whatever comes of it.

A channel exists where its connection does. Each is told once: those that an event was sent to are kept with
it, so that one which failed is tried again when the event comes again, and the others are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from lib.alerts.channels import CHANNELS, Channel
from lib.alerts.event import Event
from lib.alerts.kept import keep, sent
from lib.warehouse.connecting import from_airflow

log = logging.getLogger(__name__)

WAREHOUSE = "warehouse"
Find = Callable[[str], Any]
"""An Airflow connection by its id, or None."""


def notify(
    event: Event, find: Find | None = None, channels: Mapping[str, Channel] = CHANNELS
) -> tuple[str, ...]:
    """Keep it and tell those channels that have not heard of it; returns who was told now.

    Raises nothing on account of a channel, or of a warehouse that is not there: then all are told.
    """
    find, now = find or _find, None
    try:
        with closing(from_airflow(find(WAREHOUSE), "alerts")) as warehouse:
            told = keep(warehouse, event)
            now = _tell(event, find, channels, told)
            if now:
                sent(warehouse, event, told | set(now))
    except Exception:
        log.exception("%s could not be kept", event.title)
    return _tell(event, find, channels, set()) if now is None else now


def _tell(event: Event, find: Find, channels: Mapping[str, Channel], told: set[str]) -> tuple[str, ...]:
    return tuple(
        name
        for name, channel in channels.items()
        if name not in told and _reached(name, channel, event, find)
    )


def _reached(name: str, channel: Channel, event: Event, find: Find) -> bool:
    try:
        connection = find(name)
        return connection is not None and channel(connection, event)
    except Exception as error:
        # Not its text: an address may hold a secret.
        log.error("%s: %s could not be reached: %s", event.title, name, type(error).__name__)
        return False


def _find(conn_id: str) -> Any:
    from airflow.exceptions import AirflowNotFoundException
    from airflow.sdk import Connection

    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException:
        return None
