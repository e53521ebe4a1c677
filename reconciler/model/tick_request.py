"""What a message of the queue says: look at an environment."""

from __future__ import annotations

from reconciler.model.reason import TriggeredBy
from reconciler.model.value import Value


class TickRequest(Value):
    """``hint`` is the commit somebody told of, if any: for logs, never for deciding."""

    environment: str
    triggered_by: TriggeredBy
    hint: str = ""
