"""Whatever the lease: each part of a tick begins its last call early enough to end and to be told of."""

from __future__ import annotations

import pytest

from reconciler.adapters.airflow_http import SECONDS
from reconciler.adapters.aws_session import bounds
from reconciler.adapters.deadline import Deadline
from reconciler.engine.world import World
from tests.engine.scene import Scene


@pytest.mark.parametrize("lease", [40, 60, 150, 300])
def test_no_call_is_refused_while_a_tick_works(lease: float) -> None:
    world: World = Scene().world_of("tick")
    work, timeout, telling = lease * world.work_share, lease * 4 / 5, lease / 5
    deadline = Deadline(telling_seconds=telling)
    longest = max(bounds(service).keep_seconds(deadline) for service in ("s3", "mwaa", "dynamodb", "events"))
    assert work + max(longest, SECONDS, telling) <= timeout < lease
