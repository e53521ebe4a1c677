"""What is published is new enough for the marts, however late somebody came back for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import yaml
from croniter import croniter

from tests.dags.conftest import ROOT

BUILT = timedelta(hours=12)
"""After a load, until the marts that read it are built: cleared and delayed runs included."""


def test_staged_rows_end_before_marts_no_longer_look_for_them() -> None:
    dag = (ROOT / "dags" / "platform_housekeeping.py").read_text()
    (days,) = re.findall(r"^KEPT = timedelta\(days=(\d+)\)$", dag, re.M)
    (schedule,) = re.findall(r'schedule="(.+?)"', dag)
    due = croniter(schedule, datetime(2026, 3, 2, tzinfo=UTC), ret_type=datetime)
    first, second = due.get_next(), due.get_next()
    project = yaml.safe_load((ROOT / "dbt" / "dbt_project.yml").read_text())
    look_back = timedelta(days=project["vars"]["lookback_days"])
    assert timedelta(days=int(days)) + (second - first) + BUILT < look_back
