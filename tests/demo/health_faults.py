"""The faults of what the second story checks: commits, signatures, alarms, runs. For `tests.demo.faults`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from local.demo.checks import airflow, alarms, git, told
from local.demo.outside import GitCommit
from tests.demo.airflow_faults import (
    Fault,
    dag_is,
    dag_missing,
    import_error,
    nothing_said,
    other_code_ran,
    run_failed,
    with_value,
)
from tests.demo.evidence import Evidence

NOBODY = GitCommit("0" * 40, "somebody@finedge.example", "Something else", {})


def _last_run_is(state: str) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        runs = evidence.expected.runs if isinstance(evidence.expected, airflow.Again) else evidence.expected
        return evidence.but_only(("run_state", runs[-1].dag_id, runs[-1].run_id), lambda _: state)

    return plant


def no_runs(evidence: Evidence) -> Evidence:
    return replace(evidence, expected=())


def never_again(evidence: Evidence) -> Evidence:
    return evidence.but("tries", lambda _: 1)


def _alarm_says(value: str) -> Fault:
    return lambda evidence: evidence.but("alarm", lambda _: value)


def other_value(evidence: Evidence) -> Evidence:
    return evidence.but("alarm", lambda value: "OK" if value == "ALARM" else "ALARM")


def no_commit(evidence: Evidence) -> Evidence:
    return evidence.but("commits", lambda _: [])


def one_commit_more(evidence: Evidence) -> Evidence:
    return evidence.but("commits", lambda commits: [*commits, commits[-1]])


def somebody_on_top(evidence: Evidence) -> Evidence:
    return evidence.but("commits", lambda commits: [*commits, NOBODY])


def by_somebody_else(evidence: Evidence) -> Evidence:
    return evidence.but("commits", lambda commits: [replace(one, email=NOBODY.email) for one in commits])


def _signed_by(who: str) -> Fault:
    return lambda evidence: evidence.but("commit_signer", lambda _: who)


def _trailers(change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        return evidence.but(
            "commits", lambda commits: [replace(one, trailers=change(one.trailers)) for one in commits]
        )

    return plant


def one_trailer_less(evidence: Evidence) -> Evidence:
    key = sorted(evidence.expected.trailers)[0]
    return _trailers(lambda found: {name: text for name, text in found.items() if name != key})(evidence)


def nothing_expected(evidence: Evidence) -> Evidence:
    return evidence.expecting(trailers={})


def other_pointer(evidence: Evidence) -> Evidence:
    call = next(call for call in evidence.outside.calls if call[0] == "file_at" and _is_new(call, evidence))
    return evidence.but_only(call, lambda body: body + b"\n")


def no_files(evidence: Evidence) -> Evidence:
    return evidence.but("file_at", lambda _: b"")


def _is_new(call: tuple[Any, ...], evidence: Evidence) -> bool:
    return bool(call[1] != evidence.expected.good_at)


def _holds(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    return lambda evidence: evidence.but(
        "file_at", lambda body: yaml.safe_dump(change(yaml.safe_load(body))).encode()
    )


def told_once_more(evidence: Evidence) -> Evidence:
    """Another event like it; where there should be none, the first."""
    expected = evidence.expected

    def change(events: list[Any]) -> list[Any]:
        return [*events, replace(events[-1], sequence=expected.after + 10_000, reason=expected.reason)]

    return evidence.but("events", change)


HEALTH_FAULTS: Mapping[Callable[..., Any], Mapping[str, Fault]] = {
    airflow.failed: {
        "one of them ended well": _last_run_is("success"),
        "one of them is not there": _last_run_is(""),
        "there were none": no_runs,
    },
    airflow.ran_again: {
        "one failed again": _last_run_is("failed"),
        "it was only marked as well": never_again,
        "other code ran": other_code_ran,
        "it returned nothing": nothing_said,
    },
    airflow.well: {
        "a DAG is missing": dag_missing,
        "a DAG runs another release": dag_is(releases=("0123456789abcdef",)),
        "a file does not import": import_error,
        "the run failed": run_failed,
        "other code ran": other_code_ran,
    },
    alarms.says: {
        "it says something else": other_value,
        "it has no data": _alarm_says("INSUFFICIENT_DATA"),
        "there is none": _alarm_says(""),
    },
    git.one_commit: {
        "there is none": no_commit,
        "there are two": one_commit_more,
        "somebody pushed on top": somebody_on_top,
        "it is somebody else's": by_somebody_else,
    },
    git.signed: {
        "nobody signed": _signed_by(""),
        "somebody else signed": _signed_by(NOBODY.email),
        "there is no commit": no_commit,
    },
    git.trailers: {
        "one is missing": one_trailer_less,
        "one says something else": _trailers(lambda found: with_value(found, "Release", "0" * 16)),
        "there are none": _trailers(lambda _: {}),
        "none is expected": nothing_expected,
        "there is no commit": no_commit,
    },
    git.pointer_restored: {
        "a byte more": other_pointer,
        "no such file": no_files,
        "somebody else's commit": by_somebody_else,
    },
    git.held_and_quarantined: {
        "it is not held": _holds(lambda said: {**said, "holds": []}),
        "it is held as it is": _holds(
            lambda said: {**said, "holds": [{**one, "at": "0" * 16} for one in said["holds"]]}
        ),
        "nothing is quarantined": _holds(
            lambda said: {name: value for name, value in said.items() if name != "quarantine"}
        ),
        "no such file": no_files,
    },
    told.told_times: {"once more": told_once_more},
}
"""As `FAULTS`."""
