"""The state store on DynamoDB: leases with fencing tokens, and transactions that number and chain events.

Called by the engine, the handlers (``append``) and the command line (reading). A commit and any number of
appends may race: the number of an event is conditioned on the newest one stored, and whoever loses reads
that and tries again. Layout: ``dynamodb_items``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.adapters import dynamodb_items as items
from reconciler.adapters.aws_errors import translated
from reconciler.adapters.dynamodb_lease import Leases
from reconciler.adapters.dynamodb_transaction import Outcome, Position, move, put, transact
from reconciler.adapters.transaction_size import check_size
from reconciler.core.chain import link
from reconciler.model.errors import Conflict, Transient
from reconciler.model.event import Event, EventDraft
from reconciler.model.lease import Lease
from reconciler.model.state import Changes, EnvironmentState, Operation, StepRecord
from reconciler.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

TRIES = 24
"""How often a write asks for the next number. In each round one of the racers wins."""

LONGEST_PAUSE_SECONDS = 0.4


class DynamoStateStore:
    """One table for all environments."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._leases = Leases(client, table, clock)

    def acquire(self, environment: str, holder: str, ttl_seconds: float) -> Lease:
        """See ``ports.StateStore``."""
        return self._leases.acquire(environment, holder, ttl_seconds)

    def release(self, lease: Lease, *, ticked: bool = False) -> None:
        """See ``ports.StateStore``."""
        self._leases.release(lease, ticked=ticked)

    def load(self, environment: str) -> EnvironmentState:
        """See ``ports.StateStore``."""
        with translated("dynamodb:GetItem", f"the table {self._table}"):
            answer = self._client.get_item(
                TableName=self._table, Key=items.key(environment, "STATE"), ConsistentRead=True
            )
        return items.unpacked(environment, answer.get("Item", {}))

    def commit(self, lease: Lease, changes: Changes) -> EnvironmentState:
        """See ``ports.StateStore``. The store owns ``sequence``, ``chain_hash``, ``published_sequence``."""
        check_size(changes)
        state = changes.state
        if state.environment != lease.environment:
            raise ValueError(f"a lease of {lease.environment} cannot commit {state.environment}")
        fixed = [put(self._table, item) for item in _journal(changes)]
        body: dict[str, AttributeValueTypeDef] = {"body": {"B": items.packed(state)}}
        # What was loaded tells the position, most of the time: that saves a read.
        at: Position = (state.sequence, state.chain_hash)
        for _ in self._tries():
            events = link(*at, changes.events, state.environment, self._clock.now())
            end: Position = (events[-1].sequence, events[-1].hash) if events else at
            added = [put(self._table, items.event_item(event), once=True) for event in events]
            moved = move(self._table, state.environment, at, end, body)
            ended = transact(self._client, self._table, [self._leases.fence(lease), moved, *fixed, *added])
            if ended is Outcome.WRITTEN:
                return state.model_copy(update={"sequence": end[0], "chain_hash": end[1]})
            if ended is Outcome.FENCED:
                raise Conflict(
                    f"The lease {lease.token} of {lease.environment} is not the newest any more.",
                    "Nothing was written; whoever holds the lease goes on.",
                )
            at = self._position(state.environment)
        raise _contended(state.environment)

    def append(self, environment: str, event: EventDraft) -> Event:
        """See ``ports.StateStore``."""
        for _ in self._tries():
            at = self._position(environment)
            (linked,) = link(*at, (event,), environment, self._clock.now())
            moved = move(self._table, environment, at, (linked.sequence, linked.hash), {})
            added = put(self._table, items.event_item(linked), once=True)
            if transact(self._client, self._table, [moved, added]) is Outcome.WRITTEN:
                return linked
        raise _contended(environment)

    def mark_published(self, environment: str, sequence: int) -> None:
        """See ``ports.StateStore``."""
        unmet = self._client.exceptions.ConditionalCheckFailedException
        with translated("dynamodb:UpdateItem", f"the table {self._table}"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=items.key(environment, "STATE"),
                    UpdateExpression="SET published_sequence = :new",
                    ConditionExpression=(
                        "attribute_not_exists(published_sequence) OR published_sequence < :new"
                    ),
                    ExpressionAttributeValues={":new": {"N": str(sequence)}},
                )
            except unmet:
                return  # as far or further already

    def events(self, environment: str, after: int, limit: int) -> Sequence[Event]:
        """See ``ports.StateStore``."""
        between = (items.event_sort(after + 1), items.LAST_EVENT)
        found = self._query(environment, between, limit)
        return tuple(Event.model_validate_json(body) for body in found)

    def operations(self, environment: str, limit: int) -> Sequence[Operation]:
        """See ``ports.StateStore``."""
        found = self._query(environment, items.OPERATIONS, limit, newest_first=True)
        return tuple(Operation.model_validate_json(body) for body in found)

    def steps(self, environment: str, attempt: int) -> Sequence[StepRecord]:
        """See ``ports.StateStore``."""
        found = self._query(environment, items.steps_between(attempt), None)
        return tuple(StepRecord.model_validate_json(body) for body in found)

    def _query(
        self, environment: str, between: tuple[str, str], limit: int | None, *, newest_first: bool = False
    ) -> list[str]:
        """The JSON of a range of sort keys, ends included, at most ``limit`` (None: all)."""
        values: dict[str, AttributeValueTypeDef] = {
            ":pk": items.key(environment, "")["pk"],
            ":first": {"S": between[0]},
            ":last": {"S": between[1]},
        }
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ScanIndexForward=not newest_first,
            PaginationConfig={} if limit is None else {"MaxItems": limit, "PageSize": max(limit, 1)},
        )
        with translated("dynamodb:Query", f"the table {self._table}"):
            return [items.body_of(item) for page in pages for item in page["Items"]]

    def _position(self, environment: str) -> Position:
        with translated("dynamodb:GetItem", f"the table {self._table}"):
            answer = self._client.get_item(
                TableName=self._table,
                Key=items.key(environment, "STATE"),
                ConsistentRead=True,
                ProjectionExpression="#sequence, chain_hash",
                ExpressionAttributeNames={"#sequence": "sequence"},
            )
        return items.position(answer.get("Item", {}))

    def _tries(self) -> Iterator[None]:
        """One round after the other, each but the first after a pause that keeps racers apart."""
        for number in range(TRIES):
            if number:
                longest = min(LONGEST_PAUSE_SECONDS, 0.01 * 2**number)
                self._clock.sleep(random.SystemRandom().uniform(0, longest))
            yield


def _journal(changes: Changes) -> list[dict[str, AttributeValueTypeDef]]:
    environment, operation = changes.state.environment, changes.state.operation
    written = [items.step_item(environment, step) for step in changes.steps]
    if operation is not None:
        written.append(items.operation_item(environment, operation))
    return written


def _contended(environment: str) -> Transient:
    return Transient(
        f"Others wrote events of {environment} all the time; {TRIES} tries found no free number.",
        after_seconds=5,
    )
