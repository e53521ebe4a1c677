"""How the state store's values lie in DynamoDB: keys, attributes, and back. No calls here.

One table, ``pk`` = ``ENV#<environment>``, ``sk`` = ``LEASE`` | ``STATE`` | ``OP#<attempt>`` |
``STEP#<attempt>#<n>`` | ``EVT#<sequence>``. Values are JSON; the state is compressed, because an item holds
at most 400 KB. ``sequence``, ``chain_hash`` and ``published_sequence`` lie beside the state, so that an event
can be added without rewriting it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.model.errors import Terminal
from reconciler.model.event import Event
from reconciler.model.state import EnvironmentState, Operation, StepRecord
from reconciler.model.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

MAX_STATE_BYTES = 380_000
LAST_EVENT = "EVT#9999999999"
OPERATIONS = ("OP#00000000", "OP#99999999")
"""The first and the last key that an operation can have."""


def key(environment: str, sort: str) -> dict[str, AttributeValueTypeDef]:
    """An item's key."""
    return {"pk": {"S": f"ENV#{environment}"}, "sk": {"S": sort}}


def event_sort(sequence: int) -> str:
    """Sorts as the sequences do."""
    return f"EVT#{sequence:010d}"


def event_item(event: Event) -> dict[str, AttributeValueTypeDef]:
    """An event, with what a person would filter for beside it."""
    return {
        **key(event.environment, event_sort(event.sequence)),
        "reason": {"S": event.reason.value},
        "at": {"S": event.at.isoformat()},
        **_body(event),
    }


def operation_item(environment: str, operation: Operation) -> dict[str, AttributeValueTypeDef]:
    """An operation."""
    return {**key(environment, f"OP#{operation.attempt:08d}"), **_body(operation)}


def step_item(environment: str, step: StepRecord) -> dict[str, AttributeValueTypeDef]:
    """A step of the journal."""
    return {**key(environment, _step_sort(step.attempt, step.number)), **_body(step)}


def steps_between(attempt: int) -> tuple[str, str]:
    """The first and the last key that a step of an attempt can have."""
    return _step_sort(attempt, 0), _step_sort(attempt, 999_999)


def _step_sort(attempt: int, number: int) -> str:
    # Wide enough for a step per file of the largest release: a longer number would sort among shorter ones.
    return f"STEP#{attempt:08d}#{number:06d}"


def packed(state: EnvironmentState) -> bytes:
    """A state's compressed JSON. ``Terminal`` if it cannot fit an item."""
    body = gzip.compress(_json(state).encode(), mtime=0)
    if len(body) > MAX_STATE_BYTES:
        raise Terminal(
            f"The state of {state.environment} has {len(body)} bytes for {len(state.live)} DAGs; "
            f"at most {MAX_STATE_BYTES} fit.",
            "Divide the environment: it holds several thousand DAGs.",
        )
    return body


def unpacked(environment: str, item: Item) -> EnvironmentState:
    """The state from its item; an empty one where only events were added so far.

    ``Terminal`` if it is none that this version knows.
    """
    body = item.get("body", {}).get("B")
    try:
        state = (
            EnvironmentState.model_validate_json(gzip.decompress(bytes(body)))
            if isinstance(body, bytes)
            else EnvironmentState(environment=environment)
        )
    except (ValidationError, OSError, EOFError, zlib.error) as error:
        raise Terminal(
            f"What is remembered of {environment} cannot be read: {_shortly(error)}.",
            "A newer version of the reconciler may have written it: deploy that one again; else bring the "
            "table back to a time before (`aws dynamodb restore-table-to-point-in-time`).",
        ) from error
    sequence, chain_hash = position(item)
    published = int(item.get("published_sequence", {"N": "0"})["N"])
    beside: dict[str, Any] = {
        "sequence": sequence,
        "chain_hash": chain_hash,
        "published_sequence": published,
    }
    return state.model_copy(update=beside)


def _shortly(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(one) for one in first["loc"])
        return f"{where}: {first['msg']}" if where else first["msg"]
    return str(error) or type(error).__name__


def position(item: Item) -> tuple[int, str]:
    """The sequence and hash of the newest event."""
    return int(item.get("sequence", {"N": "0"})["N"]), item.get("chain_hash", {"S": ""})["S"]


def body_of(item: Item) -> str:
    """The JSON of an event, operation or step."""
    return item["body"]["S"]


def _body(value: Value) -> dict[str, AttributeValueTypeDef]:
    return {"body": {"S": _json(value)}}


def _json(value: Value) -> str:
    # With its nulls: a condition whose status is unknown would not be read back without.
    return value.model_dump_json(by_alias=True)
