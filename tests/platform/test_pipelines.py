"""The pipelines' table agrees with the DAG files and with what each of them waits for."""

from __future__ import annotations

from local.options import ROOT
from local.platform.pipelines import PIPELINES

OTHERS = {"heartbeat", "release_probe", "slow_report", "platform_deadlines", "platform_housekeeping"}
"""DAGs that show something of deploying, or watch and tidy: they load nothing."""


def test_each_dag_file_is_a_pipeline() -> None:
    files = {path.stem for path in (ROOT / "dags").glob("*.py")} - OTHERS
    assert files <= {one.dag_id for one in PIPELINES}


def test_each_waits_for_pipelines_that_there_are() -> None:
    names = {one.dag_id for one in PIPELINES}
    assert {before for one in PIPELINES for before in one.after} <= names
    assert all(len(name) <= 38 for name in names)
