"""What the contract suites run against: each port's twin and its real adapter on moto or real git."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from reconciler.adapters.memory import MemoryClock


@pytest.fixture
def clock() -> MemoryClock:
    """Time that stands still until it is moved."""
    return MemoryClock()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A boto3 session against moto, in this process. No endpoint of a local stack may leak in."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
        )
