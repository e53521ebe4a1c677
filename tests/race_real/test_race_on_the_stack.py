"""Deployments, runs and kills race on the whole real stack: nothing is torn, mixed, lost, or left paused.

A failure names its seed: RACE_SEED=... draws the same deployments, runs and moments of kills again, though
not the same speed of the machine. RACE_DEPLOYMENTS and RACE_KILLS make it longer or shorter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.race_real.figures import figures, too_easy
from tests.race_real.judge import judge, mixed
from tests.race_real.late_copy import run_before_the_copy
from tests.race_real.race import Race
from tests.race_real.stage import Stage, set_up

pytestmark = [pytest.mark.stack, pytest.mark.airflow, pytest.mark.awslambda, pytest.mark.long]

SEED = int(os.environ.get("RACE_SEED") or 1)
DEPLOYMENTS = int(os.environ.get("RACE_DEPLOYMENTS") or 30)
KILLS = int(os.environ.get("RACE_KILLS") or 10)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stack of its own, with nothing deployed."""
    made = set_up(tmp_path_factory.mktemp("race"))
    yield made
    made.stack.down()


def test_nothing_goes_wrong(stage: Stage) -> None:
    began = time.monotonic()
    print(f"seed {SEED}")
    evidence = Race(stage, SEED, DEPLOYMENTS, KILLS).run()
    print(figures(evidence, time.monotonic() - began))
    wrong = [*judge(evidence), *too_easy(evidence, DEPLOYMENTS, KILLS)]
    assert not wrong, f"seed {SEED}: {len(wrong)} went wrong:\n" + "\n".join(wrong[:10])


def test_a_late_copy_mixes_no_releases(stage: Stage) -> None:
    assert not list(mixed(run_before_the_copy(stage)))


def test_a_release_that_is_due_from_its_write_is_found(stage: Stage) -> None:
    stage.set_variable("RACE_DUE_AT_ONCE", "yes")
    try:
        found = list(mixed(run_before_the_copy(stage)))
    finally:
        stage.set_variable("RACE_DUE_AT_ONCE", "")
    assert any("has tasks of two releases" in line for line in found), found
