"""Settles what an interrupted tick left open, before anything new is planned."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.identity import sha256
from reconciler.core.transitions import Finding, event_of, settled
from reconciler.engine.session import Session
from reconciler.model.reason import ConditionType, Reason
from reconciler.model.state import OwnedFile
from reconciler.ports import Target


def recover(session: Session, target: Target, listing: Mapping[str, str]) -> bool:
    """Look at each key whose write was begun and not recorded as done. True if there were any."""
    state = session.state
    if not state.intents:
        return False
    found = {key: _look(session, target, listing, key) for key in state.intents}
    after = settled(state, found)
    done = sum(1 for key in state.intents if after.files.get(key) != state.files.get(key))
    finding = Finding(
        type=ConditionType.RECONCILING,
        status=True,
        reason=Reason.OPERATION_RESUMED,
        message=(
            f"The last tick was interrupted: of {len(found)} writes it had begun, {done} had happened. "
            "What is left is done now."
        ),
        evidence=tuple(sorted(state.intents)[:20]),
    )
    session.commit(after, events=(event_of(finding, state, state.last_attempted_revision),))
    return True


def _look(session: Session, target: Target, listing: Mapping[str, str], key: str) -> OwnedFile | None:
    body = target.folder.read(key) if key in listing else None
    if body is None:
        return None
    return OwnedFile(digest=sha256(body), etag=listing[key], written_at=session.now)
