"""Leases in the state table: one item per environment, whose token only ever grows.

Called by ``dynamodb_state`` and nobody else. The token fences: a holder that was paused past its lease can
no longer commit once another one acquired it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from reconciler.adapters import dynamodb_items as items
from reconciler.adapters.aws_errors import error_code, translated
from reconciler.model.errors import Conflict
from reconciler.model.lease import Lease
from reconciler.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

_UNMET = "ConditionalCheckFailedException"
_FREE = "attribute_not_exists(holder) OR holder = :holder OR expires_at <= :now"
_OURS = "#token = :token AND holder = :holder"
_NAMES = {"#token": "token"}


class Leases:
    """The leases of all environments."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def acquire(self, environment: str, holder: str, ttl_seconds: float) -> Lease:
        """See ``ports.StateStore``."""
        now = self._clock.now()
        expires_at = now + timedelta(seconds=ttl_seconds)
        with translated("dynamodb:UpdateItem", f"the table {self._table}"):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=items.key(environment, "LEASE"),
                    UpdateExpression="SET holder = :holder, expires_at = :expires ADD #token :one",
                    ConditionExpression=_FREE,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues={
                        ":holder": {"S": holder},
                        ":expires": _seconds(expires_at),
                        ":now": _seconds(now),
                        ":one": {"N": "1"},
                    },
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) != _UNMET:
                    raise
                raise _held(environment, error) from error
        kept = answer["Attributes"]
        ticked = kept.get("ticked_at", {}).get("N")
        return Lease(
            environment=environment,
            holder=holder,
            token=int(kept["token"]["N"]),
            expires_at=expires_at,
            ticked_at=datetime.fromtimestamp(float(ticked), UTC) if ticked else None,
        )

    def release(self, lease: Lease, *, ticked: bool = False) -> None:
        """See ``ports.StateStore``. The token stays, so that the next one is greater.

        That it ticked is written here: the item is small, and is written anyway.
        """
        at = {":at": _seconds(self._clock.now())} if ticked else {}
        with translated("dynamodb:UpdateItem", f"the table {self._table}"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=items.key(lease.environment, "LEASE"),
                    UpdateExpression=f"REMOVE holder, expires_at{' SET ticked_at = :at' if ticked else ''}",
                    ConditionExpression=_OURS,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=_ours(lease) | at,
                )
            except ClientError as error:
                if error_code(error) != _UNMET:
                    raise

    def fence(self, lease: Lease) -> TransactWriteItemTypeDef:
        """The part of a transaction that holds only while ``lease`` is the newest."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": items.key(lease.environment, "LEASE"),
                "ConditionExpression": _OURS,
                "ExpressionAttributeNames": _NAMES,
                "ExpressionAttributeValues": _ours(lease),
            }
        }


def _ours(lease: Lease) -> dict[str, AttributeValueTypeDef]:
    return {":token": {"N": str(lease.token)}, ":holder": {"S": lease.holder}}


def _seconds(at: datetime) -> AttributeValueTypeDef:
    return {"N": f"{at.timestamp():.6f}"}


def _held(environment: str, error: ClientError) -> Conflict:
    item: Mapping[str, AttributeValueTypeDef] = cast("Any", error.response).get("Item", {})
    holder = item.get("holder", {}).get("S", "another tick")
    expires = item.get("expires_at", {}).get("N")
    until = f" until {datetime.fromtimestamp(float(expires), UTC).isoformat()}" if expires else ""
    return Conflict(f"{holder} holds the lease of {environment}{until}.", "It is looked at again.")
