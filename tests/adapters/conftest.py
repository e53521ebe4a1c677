"""AWS in this process, for what only the real adapters can show."""

from tests.contracts.conftest import aws, clock

__all__ = ["aws", "clock"]
