"""Settles writes that were begun and not recorded as done, before anything new is planned."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.findings import News, event_of
from reconciler.core.identity import sha256
from reconciler.core.transitions import settled
from reconciler.engine.session import Session
from reconciler.model.event import EventDraft
from reconciler.model.reason import Reason
from reconciler.model.state import OwnedFile
from reconciler.ports import Target


def recover(
    session: Session, target: Target, listing: Mapping[str, str], *, interrupted: bool = True
) -> None:
    """Look at each key whose write was begun and not recorded as done, and keep what really happened.

    Told if a tick was ``interrupted`` and something of it had happened: a write that was refused is no news.
    """
    state = session.state
    if not state.intents:
        return
    found = {key: _look(session, target, listing, key) for key in state.intents}
    after = settled(state, found)
    landed = [key for key in state.intents if after.files.get(key) != state.files.get(key)]
    told = interrupted and landed
    session.commit(after, events=(_resumed(session, landed),) if told else ())


def _resumed(session: Session, landed: list[str]) -> EventDraft:
    state = session.state
    message = (
        f"The last tick was interrupted: of {len(state.intents)} writes it had begun, {len(landed)} had "
        "happened. What is left is done now."
    )
    news = News(reason=Reason.OPERATION_RESUMED, message=message, evidence=tuple(sorted(landed)))
    return event_of(news, state, state.last_attempted_revision)


def _look(session: Session, target: Target, listing: Mapping[str, str], key: str) -> OwnedFile | None:
    body = target.folder.read(key) if key in listing else None
    if body is None:
        return None
    return OwnedFile(digest=sha256(body), etag=listing[key], written_at=session.now)
