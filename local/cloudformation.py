"""Creates a CloudFormation stack on the emulator and reads its outputs. Called by `local.deployment`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.aws import client
from local.errors import LocalError
from local.processes import wait_until


def create_stack(
    endpoint: str, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, str]:
    """Create the stack; returns its outputs. Raises LocalError naming each resource that failed."""
    cloudformation = client("cloudformation", endpoint)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    wait_until(lambda: not _status(cloudformation, name).endswith("IN_PROGRESS"), 60, f"deploying {name}")
    if _status(cloudformation, name) != "CREATE_COMPLETE":
        raise LocalError(f"deploying {name} failed:\n{_failures(cloudformation, name)}", "mend template.yaml")
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _status(cloudformation: Any, name: str) -> str:
    return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def _failures(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(
        f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in events
        if "FAILED" in event["ResourceStatus"]
    )
