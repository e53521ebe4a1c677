"""The faults that are planted into recordings: for each kind of check, what could be wrong outside.

A fault takes what a check saw when it held, and gives back what it would have seen if something were wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local.demo.checks import films, folder, functions, repo, told
from local.demo.outside import Stored
from tests.demo.airflow_faults import (
    AIRFLOW_FAULTS,
    Fault,
    but_without,
    dag_is,
    dag_missing,
    one_of,
    with_value,
)
from tests.demo.evidence import Evidence, without
from tests.demo.health_faults import HEALTH_FAULTS


def row_lost(evidence: Evidence) -> Evidence:
    return evidence.but("films", lambda rows: with_value(rows, "films", rows["films"] - 1))


def rows_twice(evidence: Evidence) -> Evidence:
    return evidence.but("films", lambda rows: with_value(rows, "actors", rows["actors"] * 2))


def no_rows_anywhere(evidence: Evidence) -> Evidence:
    empty = dict.fromkeys(evidence.expected, 0)
    return replace(evidence, expected=empty).but("films", lambda _: empty)


def _object(evidence: Evidence) -> str:
    """A key that the check is about."""
    match evidence.expected:
        case folder.Unchanged(before, but):
            return one_of(
                {key: body for key, body in before.items() if folder.is_pointer(key) and key not in but}
            )
        case folder.Loads(dag_id, _):
            return folder.pointer(dag_id)
        case folder.Live(stored, _, _):
            return one_of(stored)
        case keys:
            return one_of(keys)


def _object_is(change: Callable[[Stored], Stored]) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        key = _object(evidence)
        return evidence.but("folder", lambda stored: with_value(stored, key, change(stored[key])))

    return plant


other_bytes = _object_is(lambda stored: replace(stored, body=stored.body + b"\n", etag="other"))
written_again = _object_is(lambda stored: replace(stored, modified="2199-01-01T00:00:00+00:00"))
other_release = _object_is(lambda stored: replace(stored, body=stored.body.replace(b"('", b"('0", 1)))
not_python = _object_is(lambda stored: replace(stored, body=b"load(history=[("))


def object_lost(evidence: Evidence) -> Evidence:
    return evidence.but("folder", lambda stored: but_without(stored, _object(evidence)))


def object_too_many(evidence: Evidence) -> Evidence:
    return evidence.but("folder", lambda stored: with_value(stored, "foreign.py", stored[one_of(stored)]))


def written_early(evidence: Evidence) -> Evidence:
    call = ("folder", evidence.expected.environment)
    early = "2001-01-01T00:00:00+00:00"

    def change(stored: Mapping[str, Stored]) -> Mapping[str, Stored]:
        key = next(key for key in sorted(stored) if folder.is_pointer(key))
        return with_value(stored, key, replace(stored[key], modified=early))

    return evidence.but_only(call, change)


def no_pointers(evidence: Evidence) -> Evidence:
    return evidence.but("folder", lambda _: {})


def other_archive(evidence: Evidence) -> Evidence:
    """In the last environment."""
    return evidence.but_only(
        ("folder", evidence.expected[-1]),
        lambda stored: {key: replace(one, body=one.body + b"\0") for key, one in stored.items()},
    )


def release_sealed(evidence: Evidence) -> Evidence:
    return evidence.but("sealed", lambda sealed: with_value(sealed, "releases/more/manifest.json", "etag"))


def written_once_more(evidence: Evidence) -> Evidence:
    return evidence.but("versions", lambda bodies: [*bodies, bodies[-1]])


def never_written(evidence: Evidence) -> Evidence:
    return evidence.but("versions", lambda bodies: bodies[: evidence.expected.after])


def written_in_another_order(evidence: Evidence) -> Evidence:
    return evidence.but("versions", lambda bodies: [*bodies[:-2], bodies[-1], bodies[-2]])


def last_written_once_more(evidence: Evidence) -> Evidence:
    """One pointer of several."""
    call = ("versions", folder.pointer(evidence.expected[-1].dag_id))
    return evidence.but_only(call, lambda bodies: [*bodies, bodies[-1]])


def last_never_written(evidence: Evidence) -> Evidence:
    last = evidence.expected[-1]
    return evidence.but_only(("versions", folder.pointer(last.dag_id)), lambda bodies: bodies[: last.after])


def not_shown(evidence: Evidence) -> Evidence:
    return evidence.but("status", lambda said: said.replace(evidence.expected[-1].split()[0], ""))


def shown_without_the_dag(evidence: Evidence) -> Evidence:
    return evidence.but("status", lambda said: said.replace(evidence.expected[0], "a DAG"))


def one_ended_by_itself(evidence: Evidence) -> Evidence:
    return evidence.but("killed", lambda found: without(found, lambda one: one == evidence.expected[-1]))


def one_counted_twice(evidence: Evidence) -> Evidence:
    first = evidence.expected[0]
    return replace(evidence, expected=(first, first, *evidence.expected[2:]))


def none_killed(evidence: Evidence) -> Evidence:
    return replace(evidence, expected=())


def _not_told(number: int) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        words = evidence.expected[number]
        return evidence.but(
            "events",
            lambda events: without(
                events, lambda one: one.sequence > words.after and one.reason == words.reason
            ),
        )

    return plant


def told_before(evidence: Evidence) -> Evidence:
    newest = evidence.expected[0].after
    return evidence.but(
        "events", lambda events: [replace(event, sequence=min(event.sequence, newest)) for event in events]
    )


def told_vaguely(evidence: Evidence) -> Evidence:
    return evidence.but(
        "events", lambda events: [replace(one, message="Something is wrong.") for one in events]
    )


def somebody_pushed(evidence: Evidence) -> Evidence:
    return evidence.but("tip", lambda _: "0" * 40)


def nobody_signed(evidence: Evidence) -> Evidence:
    return evidence.but("signer", lambda _: "")


def another_signed(evidence: Evidence) -> Evidence:
    return evidence.but("signer", lambda _: "ana@finedge.example")


def not_refused(evidence: Evidence) -> Evidence:
    return evidence.expecting(exit_code=0)


def refused_as_a_bug(evidence: Evidence) -> Evidence:
    return evidence.expecting(exit_code=1)


def refused_without_the_place(evidence: Evidence) -> Evidence:
    return evidence.expecting(output="error: it does not import")


def one_other_answer(evidence: Evidence) -> Evidence:
    return evidence.expecting(statuses=(*evidence.expected.statuses[1:], 500))


def no_answer(evidence: Evidence) -> Evidence:
    return evidence.expecting(statuses=())


FAULTS: Mapping[Callable[..., Any], Mapping[str, Fault]] = {
    **AIRFLOW_FAULTS,
    **HEALTH_FAULTS,
    films.rows: {"a row is lost": row_lost, "rows twice": rows_twice, "no rows anywhere": no_rows_anywhere},
    folder.untouched: {
        "other bytes": other_bytes,
        "the same bytes written again": written_again,
        "a pointer is lost": object_lost,
        "a pointer too many": object_too_many,
    },
    folder.written_since: {"one was written before": written_early, "nothing is there": no_pointers},
    folder.same_bytes: {"another archive": other_archive, "no archive": no_pointers},
    folder.restored: {"other bytes": other_bytes, "the object is lost": object_lost},
    folder.loads: {
        "another release": other_release,
        "no Python": not_python,
        "the pointer is lost": object_lost,
    },
    folder.written: {
        "written once more": written_once_more,
        "never written": never_written,
        "another order": written_in_another_order,
    },
    folder.each_written: {
        "one was written once more": last_written_once_more,
        "one was never written": last_never_written,
    },
    folder.nothing_changed: {
        "other bytes": other_bytes,
        "the same bytes written again": written_again,
        "an object is lost": object_lost,
        "an object too many": object_too_many,
        "a DAG runs another release": dag_is(releases=("0123456789abcdef",)),
        "a DAG is missing": dag_missing,
        "something was sealed": release_sealed,
    },
    told.told: {
        "the first event is missing": _not_told(0),
        "the last event is missing": _not_told(-1),
        "only an event from before": told_before,
        "an event that does not say it": told_vaguely,
    },
    repo.tip_is: {"somebody else pushed": somebody_pushed},
    repo.signed_by: {"nobody signed": nobody_signed, "somebody else signed": another_signed},
    told.refused: {
        "it was not refused": not_refused,
        "it was refused as a bug": refused_as_a_bug,
        "file and line are not named": refused_without_the_place,
    },
    told.shown: {"nothing of it": not_shown, "not which DAG": shown_without_the_dag},
    functions.killed: {
        "one ended by itself": one_ended_by_itself,
        "one is counted twice": one_counted_twice,
        "none was killed": none_killed,
    },
    told.answered: {"one other answer": one_other_answer, "no answer at all": no_answer},
}
"""By the function that judges: what the fault is called, and the fault."""
