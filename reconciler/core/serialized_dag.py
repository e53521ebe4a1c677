"""Finds a DAG's structure and calendar in the JSON that Airflow itself serializes for its scheduler.

Called by sealing, with what the clean parse printed. What counts as what is in `structure_fields`. Equal DAGs
give equal places, however often they are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.core.identity import canonical, sha256
from reconciler.core.structure_fields import (
    AIRFLOW,
    CALENDAR,
    DAG_NEUTRAL,
    DAG_STRUCTURE,
    DIGEST,
    GROUP,
    GROUP_NEUTRAL,
    GROUP_STRUCTURE,
    LONGEST,
    MEMBER,
    TASK,
    TASK_NEUTRAL,
    TASK_STRUCTURE,
    UNORDERED,
    Fields,
)

Places = dict[str, str]

LONGEST_OF_CALENDAR = 1000
"""Bytes of a calendar's value that is kept as it is: it is read again, to tell when runs are due."""

# Addresses in memory, and the names that Airflow gives to DAG files' modules, which depend on their folder.
_PASSING = re.compile(r" at 0x[0-9a-f]+|\bunusual_prefix_[0-9a-f]{40}_")


def structure(serialized: Mapping[str, Any], airflow_version: str) -> Places:
    """What the scheduler applies to runs in flight, as ``{place: value}``; never empty.

    ``serialized`` is what Airflow's own ``to_dict`` gives. A place is ``<task or group id>.<field>``, or a
    field of the DAG, or the Airflow version. Values are canonical JSON, long ones digests of it; what has
    Airflow's default is left out.
    """
    dag = serialized["dag"]
    places = {AIRFLOW: _text(airflow_version)}
    places |= _places("", dag, DAG_STRUCTURE, DAG_NEUTRAL | CALENDAR.keys())
    for task in dag["tasks"]:
        places |= _task_places(_unwrapped(task))
    return places | _group_places(dag["task_group"])


def calendar(serialized: Mapping[str, Any]) -> Places:
    """When runs are due, as ``{place: value}`` like ``structure``; the timetable is told part by part."""
    dag = serialized["dag"]
    timetable = dag["timetable"]
    parts = {"timetable": timetable["__type"]}
    parts |= {f"timetable {key}": value for key, value in timetable["__var"].items()}
    fields = {field: dag.get(field) for field in CALENDAR} | parts
    return _places("", fields, CALENDAR, longest=LONGEST_OF_CALENDAR)


def _task_places(task: Fields) -> Places:
    name = f"{task['task_id']}."
    # Of a mapped task's arguments those that the scheduler reads; the others are the operator's own.
    partial = _unwrapped(task.get("partial_kwargs", {}))
    common = {field: _unwrapped(value) for field, value in partial.items() if field in TASK_STRUCTURE}
    neutral = TASK_NEUTRAL | set(task.get("template_fields", ())) - TASK_STRUCTURE.keys()
    return {name + TASK: "[]"} | _places(name, common | task, TASK_STRUCTURE, neutral)


def _group_places(group: Fields, parent: str = "") -> Places:
    """The places of the groups below one, and which tasks are in which."""
    places: Places = {}
    for kind, child in group["children"].values():
        if kind == "taskgroup":
            group_id = child["_group_id"]
            places[f"{group_id}.{GROUP}"] = _text(parent)
            places |= _places(f"{group_id}.", child, GROUP_STRUCTURE, GROUP_NEUTRAL)
            places |= _group_places(child, group_id)
        elif parent:
            places[f"{child}.{MEMBER}"] = _text(parent)
    return places


def _places(
    name: str, fields: Fields, defaults: Fields, neutral: Collection[str] = (), longest: int = LONGEST
) -> Places:
    return {
        name + field: _text(_readable(field, value), longest)
        for field, value in fields.items()
        if field not in neutral and value is not None and value != defaults.get(field)
    }


def _readable(field: str, value: Any) -> Any:
    match value:
        case float() if field.endswith("_date"):
            return datetime.fromtimestamp(value, UTC).isoformat()
        case float() if field == "dagrun_timeout":
            return f"{value:g} seconds"
        case list() if field in UNORDERED:
            return sorted(value, key=canonical)
        case _:
            return value


def _text(value: Any, longest: int = LONGEST) -> str:
    body = canonical(_stable(value))
    return body.decode() if len(body) <= longest else DIGEST + sha256(body)[:16]


def _stable(value: Any) -> Any:
    """Without what differs from one parse to the next, also in the order of sets."""
    match value:
        case {"__type": "set", "__var": items}:
            return {"__type": "set", "__var": sorted(map(_stable, items), key=canonical)}
        case dict():
            return {key: _stable(item) for key, item in value.items()}
        case list():
            return [_stable(item) for item in value]
        case str():
            return _PASSING.sub("", value)
        case _:
            return value


def _unwrapped(value: Any) -> Any:
    """The value inside Airflow's ``{"__type": ..., "__var": ...}``, if it is in one."""
    return value["__var"] if isinstance(value, dict) and value.keys() == {"__type", "__var"} else value
