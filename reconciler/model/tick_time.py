"""How the time of one tick is parted; ``template.yaml`` sets its two ends, LeaseSeconds and TickSeconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TickTime:
    """All that a tick may take, in proportion to its lease (seconds).

    Lease > the function's timeout > work and telling: a tick that is late can neither be overtaken
    unknowingly nor be cut off in the middle of its work.
    """

    lease_seconds: float = 150.0

    @property
    def timeout_seconds(self) -> float:
        """So long may the function run."""
        return self.lease_seconds * 4 / 5

    @property
    def work_seconds(self) -> float:
        """After so long a tick begins nothing more."""
        return self.lease_seconds * 2 / 5

    @property
    def telling_seconds(self) -> float:
        """What is kept of the function's time for writing down and telling how it went."""
        return self.lease_seconds / 5

    @property
    def patience_seconds(self) -> float:
        """For so long a tick waits for runs in flight itself: short runs are not worth a minute."""
        return self.lease_seconds / 15

    def fits(self, timeout: float) -> bool:
        """May a function with this timeout (seconds) run ticks?"""
        return self.work_seconds + self.telling_seconds < timeout < self.lease_seconds
