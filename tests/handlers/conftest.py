"""The project's own functions on a light stack: real handlers, Lambda's dependencies alone, no Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.options import StackOptions
from local.stack import Stack
from local.stack_info import StackInfo

# Read when the handlers are imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "reconciler")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Reconciler")


@pytest.fixture(scope="session")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    """AWS with the project's template, a Git server, the functions under the official runtime client."""
    options = StackOptions(airflow=False, postgres=False)
    running = Stack.up(tmp_path_factory.mktemp("functions") / "home", options)
    yield running.info
    running.down()
