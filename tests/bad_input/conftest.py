"""AWS in this process: moto, called through clients as the product makes them; and what Lambda sets."""

import os

from tests.contracts.conftest import aws, clock

__all__ = ["aws", "clock"]

# Read when the handlers are imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "reconciler")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Reconciler")
