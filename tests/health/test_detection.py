"""Each kind of fault is seen by the right signal, in so many minutes at most; errors condemn the release."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.health.detecting import OFTEN, SELDOM, detect
from tests.health.simulated import Fault

SEED = 302
"""Held out, as the year's."""

WARNS = {Fault.RETRIES, Fault.SLOW, Fault.STALE}


@pytest.mark.parametrize(
    ("fault", "dag", "minutes"),
    [
        (Fault.IMPORT_ERROR, OFTEN, 3),
        (Fault.LOST_DAG, OFTEN, 9),
        (Fault.RUN_FAILS, OFTEN, 35),
        (Fault.RUN_FAILS, SELDOM, 45),
        (Fault.RETRIES, OFTEN, 40),
        (Fault.RETRIES, SELDOM, 4),
        (Fault.MISSED_RUN, OFTEN, 25),
        (Fault.DEAD_SCHEDULER, OFTEN, 7),
        (Fault.DEAD_DAG_PROCESSOR, OFTEN, 10),
        (Fault.DATA_TEST, OFTEN, 35),
        (Fault.DATA_TEST, SELDOM, 2),
        (Fault.ROWS, OFTEN, 35),
        (Fault.ROWS, SELDOM, 2),
        (Fault.NULLS, OFTEN, 35),
        (Fault.NULLS, SELDOM, 2),
        (Fault.STALE, OFTEN, 120),
        (Fault.SLOW, OFTEN, 60),
        (Fault.SLOW, SELDOM, 2),
    ],
)
def test_a_fault_is_seen_in_time(fault: Fault, dag: str, minutes: int) -> None:
    found = detect(fault, dag, SEED, timedelta(minutes=minutes))
    assert found.minutes is not None
    assert found.condemned is (fault not in WARNS)
