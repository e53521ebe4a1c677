"""Publishes events on an EventBridge bus, in the envelope of CDEvents' custom events (spec 0.4).

Called by the tick after its transaction. At least once: after a ``Transient`` the same events come again,
and a consumer tells repeats by ``context.id``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.adapters.aws_errors import translated
from reconciler.model.errors import Transient
from reconciler.model.event import Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "reconciler"
MAX_ENTRIES = 10
"""PutEvents takes at most ten entries a call."""

_SPEC = "0.4.1"


class EventBridgeBus:
    """An EventBridge bus: source ``reconciler``, detail-type the event's reason."""

    def __init__(self, client: EventBridgeClient, bus: str) -> None:
        self._client = client
        self._bus = bus

    def publish(self, events: Sequence[Event]) -> None:
        """See ``ports.EventBus``."""
        for start in range(0, len(events), MAX_ENTRIES):
            self._put([self._entry(event) for event in events[start : start + MAX_ENTRIES]])

    def _put(self, entries: list[PutEventsRequestEntryTypeDef]) -> None:
        with translated("events:PutEvents", f"the bus {self._bus}"):
            answer = self._client.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            codes = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
            raise Transient(
                f"EventBridge did not take {answer['FailedEntryCount']} of {len(entries)} events "
                f"on the bus {self._bus} ({', '.join(codes) or 'no code'})."
            )

    def _entry(self, event: Event) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": event.reason.value,
            "Time": event.at,
            "Detail": json.dumps(envelope(event)),
        }


def envelope(event: Event) -> dict[str, object]:
    """The event as a CDEvent; all that is ours is in ``customData``.

    https://github.com/cdevents/spec/blob/main/spec.md and its ``custom/README.md`` name the fields.
    """
    return {
        "context": {
            "version": _SPEC,
            "id": f"{event.environment}/{event.sequence}",
            "source": f"/{SOURCE}/{event.environment}",
            "type": f"dev.cdeventsx.{SOURCE}-environment.{event.reason.value.lower()}.0.1.0",
            "timestamp": event.at.isoformat(),
        },
        "subject": {
            "id": event.environment,
            "source": f"/{SOURCE}/{event.environment}",
            "type": f"{SOURCE}-environment",
            "content": {},
        },
        "customDataContentType": "application/json",
        "customData": {**event.to_json(), "correlationId": event.correlation_id},
    }
