"""Looks at the tick queue without touching it: for ``reconciler doctor``, through ``bootstrap``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from reconciler.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class QueueSeen:
    """Ticks asked for and not begun, ticks under way, and AWS's clock (UTC) if the answer told it."""

    waiting: int
    under_way: int
    server_time: datetime | None


def look(client: SQSClient, queue_url: str) -> QueueSeen:
    """Ask SQS about the queue. ``Terminal`` if it does not exist or we may not ask."""
    with translated("sqs:GetQueueAttributes", f"the queue {queue_url}"):
        answer = client.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    attributes = answer.get("Attributes", {})
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return QueueSeen(
        waiting=int(attributes.get("ApproximateNumberOfMessages", 0)),
        under_way=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        server_time=parsedate_to_datetime(date) if date else None,
    )
