"""The machine's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """See ``ports.Clock``."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """See ``ports.Clock``."""
        time.sleep(max(seconds, 0.0))
