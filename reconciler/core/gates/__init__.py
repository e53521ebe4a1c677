"""Gates: each a pure function that says go, wait or stop, and why. All of them are always reported."""

from reconciler.core.gates.ancestry import ancestry
from reconciler.core.gates.busy import busy
from reconciler.core.gates.calendar import calendar
from reconciler.core.gates.hold import hold
from reconciler.core.gates.in_flight import in_flight
from reconciler.core.gates.next_run import next_run
from reconciler.core.gates.ownership import ownership
from reconciler.core.gates.pin import pin, pinned
from reconciler.core.gates.window import window

__all__ = [
    "ancestry",
    "busy",
    "calendar",
    "hold",
    "in_flight",
    "next_run",
    "ownership",
    "pin",
    "pinned",
    "window",
]
