"""Fixtures shared by all tests, and which of them take long."""

from __future__ import annotations

import pytest
from hypothesis import settings

from local.environments import AIRFLOW_VERSIONS

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

pytest_plugins = ["tests.stack_fixtures"]

RUNNING = {"running", "containers"}
"""The fixtures that start an Airflow of each version."""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """On other versions than MWAA's, what needs a running Airflow is a long test; sealing is tried always."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        other = params.get("airflow_version", AIRFLOW_VERSIONS[0]) != AIRFLOW_VERSIONS[0]
        if other and RUNNING.intersection(item.fixturenames):
            item.add_marker(pytest.mark.long)
