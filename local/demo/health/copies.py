"""Hears the events of an alarm, as anybody may who has a rule, and tells a function of one many times."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local.aws import client
from local.processes import wait_until
from local.stack_info import StackInfo

RULE, AT_ONCE = "demo-listens", 6


@dataclass(frozen=True)
class Listener:
    """A rule on the default bus, with a queue of its own."""

    sqs: Any
    queue: str

    @staticmethod
    def to(info: StackInfo, alarm: str) -> Listener:
        """Listen from now on."""
        sqs, events = (client(name, info.aws_endpoint) for name in ("sqs", "events"))
        queue = sqs.create_queue(QueueName=RULE)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {
            "source": ["aws.cloudwatch"],
            "detail": {"alarmName": [alarm], "state": {"value": ["ALARM"]}},
        }
        events.put_rule(Name=RULE, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=RULE, Targets=[{"Id": "queue", "Arn": arn}])
        return Listener(sqs, queue)

    def next(self, seconds: float) -> dict[str, Any]:
        """The next event, as EventBridge delivers it. Raises TimeoutError."""
        found = list[dict[str, Any]]()

        def heard() -> bool:
            said = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1)
            found.extend(said.get("Messages", ()))
            return bool(found)

        wait_until(heard, seconds, "the alarm's event")
        return dict(json.loads(found[0]["Body"]))


def deliver(info: StackInfo, event: dict[str, Any], times: int) -> tuple[int, ...]:
    """Tell OnAlarm of the same event so often, a few at a time; a status each, 500 where it failed."""
    functions, payload = client("lambda", info.aws_endpoint), json.dumps(event).encode()

    def tell(_: int) -> int:
        answer = functions.invoke(FunctionName=info.functions["OnAlarm"], Payload=payload)
        return 500 if answer.get("FunctionError") else int(answer["StatusCode"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(tell, range(times)))
