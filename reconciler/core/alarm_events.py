"""Reads what CloudWatch tells of an alarm, in whatever of its three shapes. For ``handlers.on_alarm``.

EventBridge's event ("CloudWatch Alarm State Change"), the alarm's own call of a function, and a message of
SNS, which holds the one that SNS is sent, or an event. Single alarms and composite ones read alike. Nothing
of it is believed but that one should look: what the alarm is, is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from reconciler.model.alarm import AlarmChange, AlarmValue

MAX_MESSAGE = 256 * 1024
"""Characters of a message of SNS: as many bytes are the most that it takes."""

MAX_RECORDS, MAX_NAME, MAX_REASON = 100, 255, 1_000
_QUOTED = 60
_DEPTH = 2
"""A message may hold an event, and no more."""

Json = Mapping[str, object]


class Malformed(ValueError):
    """This is not what CloudWatch tells of an alarm."""


def read(event: object) -> tuple[AlarmChange, ...]:
    """The changes that an invocation tells of. ``Malformed`` if any of it is none: then no other counts."""
    return _read(event, _DEPTH)


def _read(event: object, depth: int) -> tuple[AlarmChange, ...]:
    if not isinstance(event, Mapping):
        raise Malformed(f"an event is a mapping, not {_quoted(event)}")
    shapes: dict[str, Callable[[Json], tuple[AlarmChange, ...]]] = {
        "Records": lambda found: _records(found, depth),
        "alarmData": lambda found: (_change(_part(found, "alarmData"), found.get("alarmArn")),),
        "detail": lambda found: (_change(_part(found, "detail"), _first(found.get("resources"))),),
        "AlarmName": lambda found: (_message(found),),
    }
    for key, reads in shapes.items():
        if key in event:
            return reads(event)
    raise Malformed("neither an event of an alarm, nor its call, nor a message of SNS")


def _records(event: Json, depth: int) -> tuple[AlarmChange, ...]:
    records = event["Records"]
    if depth < 1 or not isinstance(records, list) or not 0 < len(records) <= MAX_RECORDS:
        raise Malformed(f"`Records` has to be a list of 1 to {MAX_RECORDS} messages of SNS")
    return tuple(change for record in records for change in _read(_said(record), depth - 1))


def _said(record: object) -> object:
    """What SNS was sent."""
    message = _part(_part({"record": record}, "record"), "Sns").get("Message")
    if not isinstance(message, str) or len(message) > MAX_MESSAGE:
        raise Malformed(f"`Sns.Message` has to be text of at most {MAX_MESSAGE} characters")
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        raise Malformed(f"`Sns.Message` is no JSON: {_quoted(message)}") from None


def _change(told: Json, arn: object) -> AlarmChange:
    """An alarm as EventBridge and the alarm's own call tell of it."""
    state, before = _part(told, "state"), told.get("previousState")
    was = before.get("value") if isinstance(before, Mapping) else None
    return _made(
        told.get("alarmName"), arn, state.get("value"), was, state.get("timestamp"), state.get("reason")
    )


def _message(told: Json) -> AlarmChange:
    """An alarm as SNS is told of it."""
    return _made(
        told["AlarmName"],
        told.get("AlarmArn"),
        told.get("NewStateValue"),
        told.get("OldStateValue"),
        told.get("StateChangeTime"),
        told.get("NewStateReason"),
    )


def _made(name: object, arn: object, value: object, before: object, at: object, why: object) -> AlarmChange:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Malformed(f"the alarm's name has to be 1 to {MAX_NAME} characters in a line: {_quoted(name)}")
    return AlarmChange(
        name=name,
        arn=_line(arn, 2 * MAX_NAME),
        value=_value(value),
        before=None if before is None else _value(before),
        at=_moment(at),
        reason=_line(why, MAX_REASON),
    )


def _value(value: object) -> AlarmValue:
    if isinstance(value, str) and value in list(AlarmValue):
        return AlarmValue(value)
    raise Malformed(f"an alarm is {' or '.join(AlarmValue)}, not {_quoted(value)}")


def _moment(text: object) -> datetime:
    """UTC, to the millisecond: copies that came another way may tell no more than that."""
    try:
        at = datetime.fromisoformat(text if isinstance(text, str) and len(text) <= _QUOTED else "")
        found = at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Malformed(f"when it changed has to be a time with its offset: {_quoted(text)}")
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _part(told: Json, key: str) -> Json:
    part = told.get(key)
    if not isinstance(part, Mapping):
        raise Malformed(f"`{key}` has to be a mapping, not {_quoted(part)}")
    return part


def _first(resources: object) -> object:
    return resources[0] if isinstance(resources, list) and resources else ""


def _line(text: object, most: int) -> str:
    """Somebody else's words, as one line of what can be printed."""
    words = text[: 2 * most] if isinstance(text, str) else ""
    return "".join(one if one.isprintable() else " " for one in words)[:most].strip()


def _quoted(found: object) -> str:
    """The beginning of what was found; of what may be of any size, its kind alone."""
    if isinstance(found, str):
        return ascii(found[:_QUOTED])
    return str(found) if found is None or isinstance(found, bool) else f"a {type(found).__name__}"
