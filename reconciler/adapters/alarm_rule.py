"""Which alarms of people's own the stack hears of: for ``reconciler doctor``, through ``bootstrap``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_events import EventBridgeClient

RULE = "OnAlarmOfYourOwn"
"""The rule in ``template.yaml``, as SAM names it: its function, and its event."""


def heard_alarms(stacks: CloudFormationClient, events: EventBridgeClient, stack: str) -> frozenset[str]:
    """The names in the pattern of the rule that starts who reverts. ``Terminal`` if we may not ask."""
    with translated("cloudformation:DescribeStackResource", f"the stack {stack}"):
        found = stacks.describe_stack_resource(StackName=stack, LogicalResourceId=RULE)
    rule = found["StackResourceDetail"].get("PhysicalResourceId", "")
    with translated("events:DescribeRule", f"the rule {rule}"):
        pattern = json.loads(events.describe_rule(Name=rule).get("EventPattern", "{}"))
    names = pattern.get("detail", {}).get("alarmName", [])
    return frozenset(name for name in names if isinstance(name, str) and name)
