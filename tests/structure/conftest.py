"""Fixtures of the structure's tests: every Airflow on which releases are sealed."""

from __future__ import annotations

import pytest

from local.environments import AIRFLOW_VERSIONS, airflow_python
from tests.structure.sealing import Sealer


@pytest.fixture(scope="session", params=AIRFLOW_VERSIONS)
def sealer(request: pytest.FixtureRequest) -> Sealer:
    """Seals with a real Airflow; its environment is made first if it is missing."""
    return Sealer(airflow_python(version=request.param), request.param)
