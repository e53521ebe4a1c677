"""The lease: who may change an environment now, and the token that proves it."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.value import Value


class Lease(Value):
    """Held until ``expires_at`` (UTC). ``token`` grows by one with every acquisition of the environment.

    ``ticked_at``: when a tick gave it back last.
    """

    environment: str
    holder: str
    token: int
    expires_at: datetime
    ticked_at: datetime | None = None
