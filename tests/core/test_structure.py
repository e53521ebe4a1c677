"""What two releases' structure of a DAG means for runs in flight, and how it is found in Airflow's JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.serialized_dag import calendar, structure
from reconciler.core.structure import MOST, UNCHANGED, compare
from reconciler.core.structure_fields import (
    CALENDAR,
    DAG_NEUTRAL,
    DAG_STRUCTURE,
    GROUP_NEUTRAL,
    GROUP_STRUCTURE,
    LONGEST,
    TASK_NEUTRAL,
    TASK_STRUCTURE,
)
from reconciler.model.plan import ChangeClass
from reconciler.model.release import SealedDag

Json = dict[str, Any]
CRON = {
    "__type": "airflow.timetables.trigger.CronTriggerTimetable",
    "__var": {"expression": "0 5 * * *", "timezone": "UTC", "interval": 0.0},
}


def task(task_id: str = "load", **fields: Any) -> Json:
    return {"__type": "operator", "__var": {"task_id": task_id, "template_fields": ["sql"], **fields}}


def group(group_id: str | None, *children: Json | str, **fields: Any) -> Json:
    inside = {
        child if isinstance(child, str) else child["_group_id"]: (
            ["operator", child] if isinstance(child, str) else ["taskgroup", child]
        )
        for child in children
    }
    return {"_group_id": group_id, "children": inside, "tooltip": "", **fields}


def dag(*tasks: Json, root: Json | None = None, **fields: Any) -> Json:
    root = root or group(None, *(found["__var"]["task_id"] for found in tasks))
    return {"dag": {"dag_id": "films", "tasks": list(tasks), "task_group": root, "timetable": CRON, **fields}}


def sealed(serialized: Json, version: str = "3.0.6") -> SealedDag:
    return SealedDag(
        file="dags/films.py",
        fingerprint="0" * 32,
        structure=structure(serialized, version),
        calendar=calendar(serialized),
    )


def change(before: Json, after: Json) -> tuple[ChangeClass, tuple[str, ...]]:
    return compare(sealed(before), sealed(after))


def test_the_same_graph_says_so() -> None:
    assert change(dag(task(sql="1")), dag(task(sql="2"))) == (ChangeClass.PINNED, (UNCHANGED,))


@pytest.mark.parametrize("unknown", ["before", "after"])
def test_what_is_not_known_drains(unknown: str) -> None:
    dags = {"before": sealed(dag(task())), "after": sealed(dag(task()))}
    dags[unknown] = dags[unknown].model_copy(update={"structure": {}})
    found, why = compare(dags["before"], dags["after"])
    assert found is ChangeClass.DRAINED
    assert why == (f"the structure of the {'live' if unknown == 'before' else 'new'} release is not known",)


def test_two_versions_of_airflow_cannot_be_compared() -> None:
    found, why = compare(sealed(dag(task()), "3.0.6"), sealed(dag(task()), "3.2.1"))
    assert (found, why) == (ChangeClass.DRAINED, ("airflow is 3.2.1 instead of 3.0.6",))


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (task(), task(trigger_rule="all_done"), "load: trigger_rule is all_done instead of all_success"),
        (task(trigger_rule="all_done"), task(), "load: trigger_rule is all_success instead of all_done"),
        (task(), task(is_setup=True), "load: is_setup is true instead of false"),
        (task(), task(end_date=0.0), "load: end_date is 1970-01-01T00:00:00+00:00 instead of none"),
        (
            task(downstream_task_ids=["a", "b"]),
            task(downstream_task_ids=["b", "c"]),
            "load: downstream_task_ids has also c",
        ),
        (task(), task(outlets=["x" * LONGEST]), "load: outlets is another"),
        (task(), task(never_heard_of=1), "load: never_heard_of is 1 instead of none"),
        (task(), task(never_heard_of=False), "load: never_heard_of is false instead of none"),
        (
            task("a.b"),
            task("a.b", trigger_rule="always"),
            "a.b: trigger_rule is always instead of all_success",
        ),
    ],
)
def test_a_line_names_the_task_the_field_and_both_values(before: Json, after: Json, line: str) -> None:
    found, why = change(dag(before), dag(after))
    assert found is ChangeClass.DRAINED
    assert line in why


def test_new_and_removed_tasks_are_told_once() -> None:
    before = dag(task("one", downstream_task_ids=["two"]), task("two", trigger_rule="always"))
    after = dag(task("one", downstream_task_ids=["three"]), task("three", depends_on_past=True))
    assert change(before, after) == (ChangeClass.DRAINED, ("task three is new", "task two is gone"))


def test_groups_and_what_is_in_them() -> None:
    flat = dag(task("a"), task("b"))
    inner = group("more", "b", is_mapped=True, expand_input={"type": "dict-of-lists"})
    nested = dag(task("a"), task("b"), root=group(None, "a", group("outer", inner)))
    moved = dag(task("a"), task("b"), root=group(None, "a", group("outer", "b", group("more"))))
    assert change(flat, nested)[1] == (
        "task group more is new",
        "task group outer is new",
        "b: task_group is more instead of none",
    )
    assert "more: is_mapped is false instead of true" in change(nested, moved)[1]
    assert "b: task_group is outer instead of more" in change(nested, moved)[1]


def test_of_many_lines_the_first_are_shown() -> None:
    found, why = change(dag(), dag(*(task(f"t{n}") for n in range(9))))
    assert found is ChangeClass.DRAINED
    assert why == (*(f"task t{n} is new" for n in range(MOST)), "and 3 more")


def test_a_calendar_change_alone_is_no_drain() -> None:
    later = {**CRON, "__var": {**CRON["__var"], "expression": "0 6 * * *"}}  # type: ignore[dict-item]
    found, why = change(dag(task()), dag(task(), timetable=later, catchup=True))
    assert found is ChangeClass.CALENDAR
    assert why == (
        "catchup is true instead of false",
        "timetable expression is 0 6 * * * instead of 0 5 * * *",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"catchup": True}, ChangeClass.DRAINED),
        ({"start_date": 86400.0}, ChangeClass.DRAINED),
        ({"end_date": 86400.0}, ChangeClass.CALENDAR),
    ],
)
def test_which_run_is_the_one_before_matters_to_tasks_that_depend_on_it(
    fields: Json, expected: ChangeClass
) -> None:
    waiting = task(depends_on_past=True)
    found, why = change(dag(waiting), dag(waiting, **fields))
    assert found is expected
    told = "load depends on past runs, and which these are has changed"
    assert (told in why) is (expected is ChangeClass.DRAINED)


def test_a_mapped_task_has_its_fields_in_its_partial_arguments() -> None:
    def mapped(**partial: Any) -> Json:
        return dag(task(_is_mapped=True, partial_kwargs=partial, expand_input={"type": "dict-of-lists"}))

    start = {"__type": "datetime", "__var": 0.0}
    _, why = change(mapped(), mapped(trigger_rule="always", start_date=start, retries=3, anything=1))
    assert why == (
        "load: start_date is 1970-01-01T00:00:00+00:00 instead of none",
        "load: trigger_rule is always instead of all_success",
    )


def test_a_template_field_cannot_hide_what_the_scheduler_reads() -> None:
    before, after = (dag(task(template_fields=["trigger_rule"], trigger_rule=rule)) for rule in ("a", "b"))
    assert change(before, after)[0] is ChangeClass.DRAINED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"__type": "set", "__var": ["a", {"b": 1}]}, {"__type": "set", "__var": [{"b": 1}, "a"]}),
        ("<lib.Thing object at 0x7f464fabc250>", "<lib.Thing object at 0x7f0114890000>"),
        (f"unusual_prefix_{'a' * 40}_films.Thing", f"unusual_prefix_{'b' * 40}_films.Thing"),
    ],
)
def test_what_differs_from_parse_to_parse_does_not_count(one: Any, other: Any) -> None:
    before, after = (dag(task(expand_input={"value": [value]})) for value in (one, other))
    assert change(before, after)[0] is ChangeClass.PINNED


def test_the_order_of_inlets_means_nothing_and_that_of_expansions_does() -> None:
    for field, expected in (("inlets", ChangeClass.PINNED), ("expand_input", ChangeClass.DRAINED)):
        before, after = (dag(task(**{field: order})) for order in (["a", "b"], ["b", "a"]))
        assert change(before, after)[0] is expected


FIELDS = st.sampled_from(sorted(TASK_STRUCTURE.keys() - {"downstream_task_ids"}))
VALUES = st.one_of(
    st.booleans(), st.integers(), st.text(max_size=200), st.lists(st.text(max_size=9), max_size=9)
)
TASKS = st.dictionaries(
    st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,3})?", fullmatch=True), st.dictionaries(FIELDS, VALUES), max_size=5
)


@given(TASKS, TASKS)
def test_it_is_pinned_exactly_if_the_maps_are_equal(one: dict[str, Json], other: dict[str, Json]) -> None:
    before, after = (
        sealed(dag(*(task(name, **fields) for name, fields in tasks.items()))) for tasks in (one, other)
    )
    found, why = compare(before, after)
    same = before.structure == after.structure
    assert (found is ChangeClass.PINNED) is same
    assert why
    assert len(why) <= MOST + 1
    assert all(len(value) <= LONGEST for value in after.structure.values())


def test_no_field_counts_as_two_things() -> None:
    assert not TASK_STRUCTURE.keys() & TASK_NEUTRAL
    assert not (DAG_STRUCTURE | CALENDAR).keys() & DAG_NEUTRAL
    assert not GROUP_STRUCTURE.keys() & GROUP_NEUTRAL
    assert not DAG_STRUCTURE.keys() & CALENDAR.keys()


def test_the_page_for_users_names_every_field() -> None:
    page = Path(__file__).parents[2].joinpath("docs/structure.md").read_text()
    lists = re.findall(r"^- (?:Structure|Calendar)[^:]*: (.*?)(?=^- |\Z)", page, re.M | re.S)
    named = [set(re.findall(r"`(\w+)`", text)) - {"partial_kwargs"} for text in lists]
    assert named == [TASK_STRUCTURE.keys(), GROUP_STRUCTURE.keys(), DAG_STRUCTURE.keys(), CALENDAR.keys()]
