"""AWS in this process, for what only the real adapters can show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.mwaa_stub import Mwaa
from tests.contracts.conftest import aws, clock

__all__ = ["aws", "clock", "mwaa"]


@pytest.fixture
def mwaa() -> Iterator[Mwaa]:
    found = Mwaa()
    yield found
    found.stub.assert_no_pending_responses()
