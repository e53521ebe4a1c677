"""Whatever the lease: each part of a tick begins its last call early enough to end and to be told of."""

from __future__ import annotations

import pytest

from reconciler.adapters.airflow_http import SECONDS
from reconciler.adapters.aws_session import bounds
from reconciler.adapters.deadline import Deadline
from reconciler.model.tick_time import TickTime


@pytest.mark.parametrize("lease", [40, 60, 150, 300])
def test_no_call_is_refused_while_a_tick_works(lease: float) -> None:
    time = TickTime(lease)
    deadline = Deadline(telling_seconds=time.telling_seconds)
    longest = max(bounds(service).keep_seconds(deadline) for service in ("s3", "mwaa", "dynamodb", "events"))
    assert time.work_seconds + max(longest, SECONDS) <= time.timeout_seconds
    assert time.fits(time.timeout_seconds)
    assert not time.fits(lease)
