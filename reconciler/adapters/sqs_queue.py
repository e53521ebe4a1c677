"""Asks for ticks through an SQS FIFO queue: one message group per environment, so one tick at a time."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reconciler.adapters.aws_errors import translated
from reconciler.model.reason import TriggeredBy
from reconciler.model.tick_request import TickRequest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsTickQueue:
    """A FIFO queue; a message's body is a ``TickRequest``."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._url = queue_url

    def request(self, environment: str, triggered_by: TriggeredBy, hint: str, dedup: str) -> None:
        """See ``ports.TickQueue``."""
        request = TickRequest(environment=environment, triggered_by=triggered_by, hint=hint)
        # SQS drops repeats queue-wide, whatever their group: one push asks for several environments. The
        # hash also fits any key into the 128 characters that SQS allows.
        once = hashlib.sha256(f"{environment}\n{dedup}".encode()).hexdigest()
        with translated("sqs:SendMessage", f"the queue {self._url}"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=request.model_dump_json(by_alias=True),
                MessageGroupId=environment,
                MessageDeduplicationId=once,
            )
