"""AWS in this process: moto, called through clients as the product makes them."""

from tests.contracts.conftest import aws, clock

__all__ = ["aws", "clock"]
