"""The faults that are planted into recordings: for each kind of check, what could be wrong outside.

A fault takes what a check saw when it held, and gives back what it would have seen if something were wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local.demo.checks import airflow, films, folder, functions, repo, told
from local.demo.outside import Stored
from tests.demo.evidence import Evidence, without

Fault = Callable[[Evidence], Evidence]


def _one(items: Mapping[str, Any]) -> str:
    return sorted(items)[0]


def _with(items: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**items, key: value}


def _less(items: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in items.items() if name != key}


def _dag_is(**changes: Any) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        return evidence.but(
            "dags", lambda dags: _with(dags, _one(dags), replace(dags[_one(dags)], **changes))
        )

    return plant


def dag_missing(evidence: Evidence) -> Evidence:
    return evidence.but("dags", lambda dags: _less(dags, _one(dags)))


def dag_too_many(evidence: Evidence) -> Evidence:
    return evidence.but(
        "dags", lambda dags: _with(dags, "foreign", replace(dags[_one(dags)], dag_id="foreign"))
    )


def import_error(evidence: Evidence) -> Evidence:
    return evidence.but("import_errors", lambda errors: [*errors, "broken.py"])


def run_failed(evidence: Evidence) -> Evidence:
    return evidence.but("run_state", lambda _: "failed")


def run_lost(evidence: Evidence) -> Evidence:
    return evidence.but("run_state", lambda _: "")


def other_code_ran(evidence: Evidence) -> Evidence:
    return evidence.but("said", lambda said: {**said, "dag": "0.9.0"})


def other_code_in_the_last_task(evidence: Evidence) -> Evidence:
    """The run is torn: what begins last has other code than what began before."""
    run, task_id = evidence.expected.run, evidence.expected.tasks[-1]
    call = ("said", run.dag_id, run.run_id, task_id)
    return evidence.but_only(call, lambda said: {**said, "dag": "0.9.0"})


def run_ended(evidence: Evidence) -> Evidence:
    return evidence.but("run_state", lambda _: "success")


def switched_again(evidence: Evidence) -> Evidence:
    return evidence.but("switched", lambda moments: [*moments, datetime.now(UTC)])


def never_switched(evidence: Evidence) -> Evidence:
    return evidence.but("switched", lambda moments: moments[: evidence.expected.before])


def _dag_of(evidence: Evidence) -> str:
    """A DAG that the check is about."""
    match evidence.expected:
        case airflow.Switched(dag_id, _):
            return dag_id
        case dag_ids:
            return _one(dag_ids)


def other_way_round(evidence: Evidence) -> Evidence:
    """A DAG that should be paused is not, or the other way round."""
    dag_id = _dag_of(evidence)
    return evidence.but(
        "dags", lambda dags: _with(dags, dag_id, replace(dags[dag_id], paused=not dags[dag_id].paused))
    )


def dag_gone(evidence: Evidence) -> Evidence:
    return evidence.but("dags", lambda dags: _less(dags, _dag_of(evidence)))


def _last_due(**changes: Any) -> Fault:
    """The run of the last minute is another."""

    def plant(evidence: Evidence) -> Evidence:
        last = evidence.expected.last
        return evidence.but(
            "runs", lambda runs: [replace(run, **changes) if run.due == last else run for run in runs]
        )

    return plant


def tick_without_a_run(evidence: Evidence) -> Evidence:
    first = evidence.expected.first
    return evidence.but("runs", lambda runs: without(runs, lambda run: run.due == first))


def nothing_said(evidence: Evidence) -> Evidence:
    return evidence.but("said", lambda _: {})


def row_lost(evidence: Evidence) -> Evidence:
    return evidence.but("films", lambda rows: _with(rows, "films", rows["films"] - 1))


def rows_twice(evidence: Evidence) -> Evidence:
    return evidence.but("films", lambda rows: _with(rows, "actors", rows["actors"] * 2))


def no_rows_anywhere(evidence: Evidence) -> Evidence:
    empty = dict.fromkeys(evidence.expected, 0)
    return replace(evidence, expected=empty).but("films", lambda _: empty)


def _object(evidence: Evidence) -> str:
    """A key that the check is about."""
    match evidence.expected:
        case folder.Unchanged(before, but):
            return _one(
                {key: body for key, body in before.items() if folder.is_pointer(key) and key not in but}
            )
        case folder.Loads(dag_id, _):
            return folder.pointer(dag_id)
        case folder.Live(stored, _, _):
            return _one(stored)
        case keys:
            return _one(keys)


def _object_is(change: Callable[[Stored], Stored]) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        key = _object(evidence)
        return evidence.but("folder", lambda stored: _with(stored, key, change(stored[key])))

    return plant


other_bytes = _object_is(lambda stored: replace(stored, body=stored.body + b"\n", etag="other"))
written_again = _object_is(lambda stored: replace(stored, modified="2199-01-01T00:00:00+00:00"))
other_release = _object_is(lambda stored: replace(stored, body=stored.body.replace(b"('", b"('0", 1)))
not_python = _object_is(lambda stored: replace(stored, body=b"load(history=[("))


def object_lost(evidence: Evidence) -> Evidence:
    return evidence.but("folder", lambda stored: _less(stored, _object(evidence)))


def object_too_many(evidence: Evidence) -> Evidence:
    return evidence.but("folder", lambda stored: _with(stored, "foreign.py", stored[_one(stored)]))


def release_sealed(evidence: Evidence) -> Evidence:
    return evidence.but("sealed", lambda sealed: _with(sealed, "releases/more/manifest.json", "etag"))


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
    airflow.runs_releases: {
        "a DAG is missing": dag_missing,
        "a DAG too many": dag_too_many,
        "a DAG is stale": _dag_is(active=False),
        "a DAG runs another release": _dag_is(releases=("0123456789abcdef",)),
        "a DAG runs two releases": _dag_is(releases=("0123456789abcdef", "fedcba9876543210")),
        "a DAG says no release": _dag_is(releases=()),
    },
    airflow.imports_everything: {"an import error": import_error},
    airflow.succeeded: {"the run failed": run_failed, "there is no such run": run_lost},
    airflow.executed: {
        "the run failed": run_failed,
        "other code ran": other_code_ran,
        "the task returned nothing": nothing_said,
    },
    airflow.running: {
        "the run has ended": run_ended,
        "the run failed": run_failed,
        "there is no such run": run_lost,
    },
    airflow.executed_throughout: {
        "the run failed": run_failed,
        "other code ran": other_code_ran,
        "other code ran in the last task": other_code_in_the_last_task,
        "the tasks returned nothing": nothing_said,
    },
    airflow.never_switched: {"somebody paused it": switched_again},
    airflow.paused_for_the_flip: {
        "it is paused still": other_way_round,
        "it was never paused": never_switched,
        "it was paused once more": switched_again,
    },
    airflow.paused_as: {"a DAG is left the other way round": other_way_round, "a DAG is gone": dag_gone},
    airflow.ran_each_minute: {
        "a minute has no run": tick_without_a_run,
        "a run failed": _last_due(state="failed"),
        "it was only started by hand": _last_due(kind="manual"),
    },
    films.rows: {"a row is lost": row_lost, "rows twice": rows_twice, "no rows anywhere": no_rows_anywhere},
    folder.untouched: {
        "other bytes": other_bytes,
        "the same bytes written again": written_again,
        "a pointer is lost": object_lost,
        "a pointer too many": object_too_many,
    },
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
        "a DAG runs another release": _dag_is(releases=("0123456789abcdef",)),
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
