"""DynamoDB transactions of the state store: the writes they are made of, and how they ended.

Called by ``dynamodb_state`` and nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reconciler.adapters import dynamodb_items as items
from reconciler.adapters.aws_errors import error_code, translated
from reconciler.model.errors import Transient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    Attributes = Mapping[str, AttributeValueTypeDef]

Position = tuple[int, str]
"""The sequence and hash of the newest event."""

_UNMET = "ConditionalCheckFailed"
_RACED = "TransactionConflict"
_THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})


class Outcome(Enum):
    """How a transaction ended."""

    WRITTEN = auto()
    FENCED = auto()
    """The lease is not the newest: nothing was written, and trying again does not help."""
    OVERTAKEN = auto()
    """Somebody else added an event first: nothing was written, try again from the new position."""


def put(table: str, item: Attributes, *, once: bool = False) -> TransactWriteItemTypeDef:
    """Write an item; with ``once`` only where there is none."""
    if once:
        return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    return {"Put": {"TableName": table, "Item": item}}


def move(
    table: str, environment: str, at: Position, end: Position, more: Attributes
) -> TransactWriteItemTypeDef:
    """Move STATE from one event to another, with the attributes ``more``, if it still is at the first."""
    condition = "#sequence = :at AND chain_hash = :before"
    values: dict[str, AttributeValueTypeDef] = {":at": {"N": str(at[0])}, ":before": {"S": at[1]}}
    if at[0] == 0:
        condition = "attribute_not_exists(#sequence) OR #sequence = :at"
        del values[":before"]
    new: Attributes = {"end": {"N": str(end[0])}, "hash": {"S": end[1]}, **more}
    sets = ["#sequence = :end", "chain_hash = :hash", *(f"{name} = :{name}" for name in more)]
    return {
        "Update": {
            "TableName": table,
            "Key": items.key(environment, "STATE"),
            "UpdateExpression": f"SET {', '.join(sets)}",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#sequence": "sequence"},
            "ExpressionAttributeValues": {**values, **{f":{name}": value for name, value in new.items()}},
        }
    }


def transact(client: DynamoDBClient, table: str, writes: Sequence[TransactWriteItemTypeDef]) -> Outcome:
    """Do all writes or none. ``Transient`` or ``Terminal`` for what is neither written nor a lost race."""
    # IAM knows the single writes, not the transaction.
    with translated("dynamodb:PutItem, UpdateItem and ConditionCheckItem", f"the table {table}"):
        try:
            client.transact_write_items(TransactItems=writes)
        except client.exceptions.TransactionCanceledException as error:
            return _cancelled(error, writes, table)
        except ClientError as error:
            if error_code(error) == "TransactionConflictException":
                return Outcome.OVERTAKEN
            raise
    return Outcome.WRITTEN


def _cancelled(error: ClientError, writes: Sequence[TransactWriteItemTypeDef], table: str) -> Outcome:
    """What the reasons say, one per write, in the order of the writes."""
    reasons = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
    for write, reason in zip(writes, reasons, strict=False):
        if "ConditionCheck" in write and reason == _UNMET:
            return Outcome.FENCED
    if _UNMET in reasons or _RACED in reasons:
        return Outcome.OVERTAKEN
    if _THROTTLED.intersection(reasons):
        raise Transient(f"DynamoDB throttles the table {table}.") from error
    raise error
