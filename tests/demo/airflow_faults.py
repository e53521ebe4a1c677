"""The faults of what Airflow says of its DAGs and runs. Called by `tests.demo.faults`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local.demo.checks import airflow
from tests.demo.evidence import Evidence, without

Fault = Callable[[Evidence], Evidence]


def one_of(items: Mapping[str, Any]) -> str:
    return sorted(items)[0]


def with_value(items: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**items, key: value}


def but_without(items: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in items.items() if name != key}


def dag_is(**changes: Any) -> Fault:
    def plant(evidence: Evidence) -> Evidence:
        return evidence.but(
            "dags", lambda dags: with_value(dags, one_of(dags), replace(dags[one_of(dags)], **changes))
        )

    return plant


def dag_missing(evidence: Evidence) -> Evidence:
    return evidence.but("dags", lambda dags: but_without(dags, one_of(dags)))


def dag_too_many(evidence: Evidence) -> Evidence:
    return evidence.but(
        "dags", lambda dags: with_value(dags, "foreign", replace(dags[one_of(dags)], dag_id="foreign"))
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
            return one_of(dag_ids)


def other_way_round(evidence: Evidence) -> Evidence:
    """A DAG that should be paused is not, or the other way round."""
    dag_id = _dag_of(evidence)
    return evidence.but(
        "dags", lambda dags: with_value(dags, dag_id, replace(dags[dag_id], paused=not dags[dag_id].paused))
    )


def dag_gone(evidence: Evidence) -> Evidence:
    return evidence.but("dags", lambda dags: but_without(dags, _dag_of(evidence)))


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


AIRFLOW_FAULTS: Mapping[Callable[..., Any], Mapping[str, Fault]] = {
    airflow.runs_releases: {
        "a DAG is missing": dag_missing,
        "a DAG too many": dag_too_many,
        "a DAG is stale": dag_is(active=False),
        "a DAG runs another release": dag_is(releases=("0123456789abcdef",)),
        "a DAG runs two releases": dag_is(releases=("0123456789abcdef", "fedcba9876543210")),
        "a DAG says no release": dag_is(releases=()),
    },
    airflow.runs_there: {
        "a DAG is missing": dag_missing,
        "a DAG too many": dag_too_many,
        "a DAG is stale": dag_is(active=False),
        "a DAG runs another release": dag_is(releases=("0123456789abcdef",)),
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
}
"""As `FAULTS`."""
