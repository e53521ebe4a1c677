"""The light stack, once per session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack_info import StackInfo
from tests.local import light_stack


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    """AWS, Git, the Lambda host and MWAA's front; no Airflow, no PostgreSQL."""
    running = light_stack.start(tmp_path_factory.mktemp("light") / "home")
    yield running.info
    running.down()
