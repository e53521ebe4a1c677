"""How much one commit of the state store may hold; shared by the store and its twin, never exceeded."""

from __future__ import annotations

from reconciler.model.state import Changes

MAX_ITEMS = 90
"""Below DynamoDB's 100 items per transaction, with room for what later versions add."""


def check_size(changes: Changes) -> None:
    """``ValueError`` (our bug: the caller has to commit more often) if a commit has too many items."""
    items = 2 + (changes.state.operation is not None) + len(changes.steps) + len(changes.events)
    if items > MAX_ITEMS:
        raise ValueError(
            f"a commit of {changes.state.environment} has {items} items ({len(changes.steps)} steps, "
            f"{len(changes.events)} events); at most {MAX_ITEMS} fit one transaction: commit more often"
        )
