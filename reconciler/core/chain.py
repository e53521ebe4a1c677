"""The hash chain of an environment's events: numbers and links them, and finds a changed or missing one.

Used by the state stores (which write events) and by ``history --verify``. It cannot see that the newest
events were cut off: compare the last hash with the state's ``chain_hash`` for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.core.identity import canonical, sha256
from reconciler.model.event import Event, EventDraft


def event_hash(event: Event) -> str:
    """The sha256 over all that an event says, ``previous_hash`` included and ``hash`` itself not."""
    return sha256(canonical({key: value for key, value in event.to_json().items() if key != "hash"}))


def link(
    state_sequence: int, chain_hash: str, drafts: Iterable[EventDraft], environment: str, at: datetime
) -> tuple[Event, ...]:
    """Number the drafts from ``state_sequence`` + 1 on and chain them to ``chain_hash``."""
    events: list[Event] = []
    for sequence, draft in enumerate(drafts, start=state_sequence + 1):
        event = Event(
            **dict(draft), environment=environment, sequence=sequence, at=at, previous_hash=chain_hash
        )
        chain_hash = event_hash(event)
        events.append(event.model_copy(update={"hash": chain_hash}))
    return tuple(events)


def verify(events: Iterable[Event], start_hash: str) -> int | None:
    """The sequence of the first event that does not continue the chain from ``start_hash``, or None.

    A missing event shows at the one after it.
    """
    previous, number = start_hash, None
    for event in events:
        follows = number is None or event.sequence == number + 1
        if not follows or event.previous_hash != previous or event.hash != event_hash(event):
            return event.sequence
        previous, number = event.hash, event.sequence
    return None
