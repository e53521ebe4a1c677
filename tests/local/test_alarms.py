"""From what a function measures to the function that is started: a line, a metric, two alarms, an event."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.aws import client
from local.metrics import Logs, measured
from local.processes import wait_until
from local.stack_info import StackInfo
from reconciler.adapters.cloudwatch_alarms import CloudWatchAlarms
from reconciler.model.alarm import AlarmValue
from tests.local.light_stack import invoke

stack = pytest.mark.stack
ALARM = "reconciler-dev"


def line(value: float, environment: str = "dev", service: str = "reconciler") -> dict[str, Any]:
    """What powertools prints of one metric."""
    directive = {
        "Namespace": "Reconciler",
        "Dimensions": [["environment", "service"]],
        "Metrics": [{"Name": "HealthFailed", "Unit": "Count"}],
    }
    now = int(time.time() * 1000)
    return {
        "_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]},
        "environment": environment,
        "service": service,
        "HealthFailed": [value],
    }


def test_each_metric_of_a_line_is_read_with_its_dimensions() -> None:
    ((namespace, datum),) = measured(json.dumps(line(1)))
    assert (namespace, datum["MetricName"], datum["Values"]) == ("Reconciler", "HealthFailed", [1])
    assert datum["Dimensions"] == [
        {"Name": "environment", "Value": "dev"},
        {"Name": "service", "Value": "reconciler"},
    ]
    assert abs((datetime.now(UTC) - datum["Timestamp"]).total_seconds()) < 5


@pytest.mark.parametrize("text", ["", "START", '{"level": "INFO"}', '{"_aws"', '{"_aws": {"Timestamp": 1}}'])
def test_any_other_line_is_passed_over(text: str) -> None:
    assert list(measured(text)) == []


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    logs, log = Logs(tmp_path), tmp_path / "one.log"
    log.write_text("one\ntw")
    assert list(logs.lines()) == ["one"]
    assert list(logs.lines()) == []
    log.write_text("one\ntwo\n")
    (tmp_path / "other.log").write_text("three\n")
    assert list(logs.lines()) == ["two", "three"]


def heard(info: StackInfo) -> list[dict[str, Any]]:
    """The events with which OnAlarm was started, as its log has them."""
    log = Path(info.logs) / "functions" / f"{info.functions['OnAlarm']}.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [json.loads(text.removeprefix("echo ")) for text in lines if text.startswith("echo ")]


@stack
def test_a_metric_rings_the_alarm_of_its_environment_which_starts_the_function(light: StackInfo) -> None:
    alarms = CloudWatchAlarms(client("cloudwatch", light.aws_endpoint))

    def value() -> AlarmValue | None:
        alarm = alarms.find(ALARM)
        return alarm.value if alarm else None

    assert value() is not None, "the composite alarm of the template is there"
    invoke(light, "Sweep", line(0))
    wait_until(lambda: value() is AlarmValue.OK, 60, "it is known to be well")
    invoke(light, "Sweep", line(1, environment="prod"))
    invoke(light, "Sweep", line(1, service="another-stack"))
    before = datetime.now(UTC) + timedelta(seconds=1)
    time.sleep(2)
    assert value() is AlarmValue.OK
    began = time.monotonic()
    invoke(light, "Sweep", line(1))
    wait_until(lambda: [one for one in heard(light) if one["detail"]["alarmName"] == ALARM], 60, "it is told")
    seconds = time.monotonic() - began
    assert value() is AlarmValue.ALARM
    assert alarms.value_at(ALARM, before) is AlarmValue.OK
    assert alarms.value_at(ALARM, datetime.now(UTC) + timedelta(seconds=2)) is AlarmValue.ALARM
    events = {one["detail"]["alarmName"]: one for one in heard(light)}
    assert events.keys() == {ALARM}, "the alarm of the metric, which was first, starts nothing"
    event = events[ALARM]
    assert (event["source"], event["detail-type"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{ALARM}"]
    assert (event["detail"]["state"]["value"], event["detail"]["previousState"]["value"]) == ("ALARM", "OK")
    assert "ALARM(" in event["detail"]["configuration"]["alarmRule"]
    assert seconds < 10
    print(f"metric -> function: {seconds:.2f} s")


@stack
def test_the_identity_that_reverts_has_a_key_of_its_own(light: StackInfo) -> None:
    name = light.env["RECONCILER_REVERTER_KEY_SECRET"]
    secrets = client("secretsmanager", light.aws_endpoint)
    text = secrets.get_secret_value(SecretId=name)["SecretString"]
    assert text == light.reverter_key.read_text()
    shown = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(light.reverter_key)], capture_output=True, text=True, check=True
    )
    public = light.reverter_key.with_suffix(".pub").read_text()
    assert shown.stdout.split()[:2] == public.split()[:2]
