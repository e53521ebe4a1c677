"""Compares the structure of one DAG in two releases: what a change means for runs in flight, and why.

Called by the planner for each DAG that changes. The places that it compares are found by `serialized_dag`
when a release is sealed. Never looks at a serialized DAG itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from reconciler.core.structure_fields import DEFAULTS, DIGEST, GROUP, LONGEST, TASK
from reconciler.model.plan import ChangeClass
from reconciler.model.release import SealedDag

MOST = 6
"""Lines of why that are shown; of more only their number is."""

UNCHANGED = "the graph is the same"

Places = Mapping[str, str]


def compare(before: SealedDag, after: SealedDag) -> tuple[ChangeClass, tuple[str, ...]]:
    """What replacing ``before`` by ``after`` means for runs in flight, and short lines of why, for people.

    Not for DAGs whose fingerprints are equal: those are untouched. Where either structure is not known,
    the change is ``drained``.
    """
    if not (before.structure and after.structure):
        which = "live release" if not before.structure else "new release"
        return ChangeClass.DRAINED, (f"the structure of the {which} is not known",)
    calendar = _changed_lines(before.calendar, after.calendar)
    if before.structure != after.structure:
        graph = _graph_lines(before.structure, after.structure)
        return ChangeClass.DRAINED, _shortened([*graph, *calendar])
    if calendar:
        past = _past_lines(before, after)
        return ChangeClass.DRAINED if past else ChangeClass.CALENDAR, _shortened([*past, *calendar])
    return ChangeClass.PINNED, (UNCHANGED,)


def _shortened(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - MOST
    return (*lines[:MOST], f"and {more} more") if more > 0 else tuple(lines)


def _past_lines(before: SealedDag, after: SealedDag) -> list[str]:
    """Catchup and start date decide which run is the one before: tasks in flight would look at another."""
    past = [place for place in after.structure if place.endswith(".depends_on_past")]
    same = all(before.calendar.get(field) == after.calendar.get(field) for field in ("catchup", "start_date"))
    if same or not past:
        return []
    return [f"{past[0].rpartition('.')[0]} depends on past runs, and which these are has changed"]


def _graph_lines(before: Places, after: Places) -> list[str]:
    old, new = _nodes(before), _nodes(after)
    lines = [f"{new[node]} {node} is new" for node in sorted(new.keys() - old.keys())]
    lines += [f"{old[node]} {node} is gone" for node in sorted(old.keys() - new.keys())]
    return lines + _changed_lines(before, after, old.keys() ^ new.keys())


def _nodes(places: Places) -> dict[str, str]:
    """The ids of all tasks and groups, and which of both each is."""
    tasks, groups = (
        [place.removesuffix(f".{field}") for place in places if place.endswith(f".{field}")]
        for field in (TASK, GROUP)
    )
    return dict.fromkeys(tasks, "task") | dict.fromkeys(groups, "task group")


def _changed_lines(before: Places, after: Places, told: Collection[str] = ()) -> list[str]:
    """A line for each place that differs, without those of tasks and groups that are already told."""
    return [
        line
        for place in sorted({*before, *after})
        if before.get(place) != after.get(place) and place.rpartition(".")[0] not in told
        for line in _place_lines(place, before.get(place), after.get(place), told)
    ]


def _place_lines(place: str, old: str | None, new: str | None, told: Collection[str]) -> Iterator[str]:
    node, _, field = place.rpartition(".")
    what = f"{node}: {field}" if node else field
    if any(value is not None and (value.startswith(DIGEST) or len(value) > LONGEST) for value in (old, new)):
        yield f"{what} is another"
    elif field.endswith("_ids"):
        was, now = set(json.loads(old or "[]")), set(json.loads(new or "[]"))
        for names, word in ((now - was, "has also"), (was - now, "no longer has")):
            if names - set(told):
                yield f"{what} {word} {', '.join(sorted(names - set(told)))}"
    else:
        yield f"{what} is {_shown(field, new)} instead of {_shown(field, old)}"


def _shown(field: str, value: str | None) -> str:
    found = DEFAULTS.get(field) if value is None else json.loads(value)
    match found:
        case None | "" | []:
            return "none"
        case str():
            return found
        case _:
            return json.dumps(found)
