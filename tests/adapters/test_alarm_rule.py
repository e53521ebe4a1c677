"""The names that the stack's rule hears of are those of its pattern, as CloudFormation deployed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local.template import load
from reconciler.adapters.alarm_rule import RULE, heard_alarms
from reconciler.model.errors import Terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clients() -> list[tuple[Any, Stubber]]:
    """Of CloudFormation and EventBridge."""
    known: dict[str, Any] = {
        "region_name": "eu-west-1",
        "aws_access_key_id": "x",
        "aws_secret_access_key": "x",
    }
    made = [boto3.client(service, **known) for service in ("cloudformation", "events")]
    return [(client, Stubber(client)) for client in made]


@pytest.mark.parametrize(("names", "heard"), [(["mine", "theirs"], {"mine", "theirs"}), ([""], set())])
def test_they_are_those_that_the_stack_was_deployed_with(
    clients: list[tuple[Any, Stubber]], names: list[str], heard: set[str]
) -> None:
    (stacks, told), (events, said) = clients
    detail = {
        "LogicalResourceId": RULE,
        "PhysicalResourceId": "gitops-rule-1",
        "ResourceType": "AWS::Events::Rule",
        "LastUpdatedTimestamp": "2026-11-21T05:00:00Z",
        "ResourceStatus": "CREATE_COMPLETE",
    }
    asked = {"StackName": "gitops", "LogicalResourceId": RULE}
    told.add_response("describe_stack_resource", {"StackResourceDetail": detail}, asked)
    pattern = json.dumps({"source": ["aws.cloudwatch"], "detail": {"alarmName": names}})
    said.add_response("describe_rule", {"EventPattern": pattern}, {"Name": "gitops-rule-1"})
    with told, said:
        assert heard_alarms(stacks, events, "gitops") == heard


def test_whoever_may_not_ask_is_told(clients: list[tuple[Any, Stubber]]) -> None:
    (stacks, told), (events, _) = clients
    told.add_client_error("describe_stack_resource", "AccessDenied", "no", http_status_code=403)
    with told, pytest.raises(Terminal, match="the stack gitops"):
        heard_alarms(stacks, events, "gitops")


def test_the_template_has_that_rule() -> None:
    own = load(ROOT / "template.yaml")["Resources"]["OnAlarm"]["Properties"]["Events"]["OfYourOwn"]
    assert own["Type"] == "EventBridgeRule"
    assert own["Properties"]["Pattern"]["detail"]["alarmName"] == {"Ref": "RevertAlarms"}
    assert RULE == "OnAlarm" + "OfYourOwn"
