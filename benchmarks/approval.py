"""approval → live with MWAA's timing, while runs are in flight: pinned to their release, or waited for.

Takes minutes: it waits. Two people: one pushes, and the other approves what was pushed.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks import timing, waiting
from benchmarks.environment_files import ENVIRONMENT, approval_rules
from benchmarks.options import Options
from benchmarks.reconciled import Reconciled, reconciled
from benchmarks.result import Result, Samples, Table
from local.demo.airflow_api import AirflowApi
from local.demo.commands import CommandLine
from local.demo.people import Person
from reconciler.model.reason import ConditionType

DAGS, BUSY, LASTS = 25, 4, 90
"""DAGs, those with a run in flight (more do not run at once here), and the seconds of its first task."""


@dataclass(frozen=True)
class Approved:
    """Seconds from before `reconciler approve` until it, the last run in flight, and the deployment ended."""

    command: float
    runs: float
    live: float


def run(options: Options) -> Result:
    """Body-only changes, which go live under runs in flight; then changed graphs, which wait for them."""
    how, pinned, drained = timing.mwaa(), list[Approved](), list[Approved]()
    with reconciled(options.folder, DAGS, how, options.say) as side:
        side.code.publish("1.0.0")
        options.say("the first deployment")
        side.deploy("1.0.0")
        ben = _ask_for_approval(side)
        airflow = AirflowApi(side.info.airflows[ENVIRONMENT].url)
        for dag_id in side.code.dag_ids[:BUSY]:
            airflow.unpause(dag_id)
        for number in range(options.times(1, 2)):
            for version, tasks, many in (
                (f"1.{number}.1", 2 + number, pinned),
                (f"1.{number}.2", 3 + number, drained),
            ):
                side.code.publish(version, tasks=tasks)
                many.append(_approve(side, airflow, ben, version))
                options.say(f"{version}: live {many[-1].live:.0f} s after its approval")
    return Result((_table(pinned, drained),), {"DAGs": DAGS, "with a run in flight": BUSY, **how.told()})


def _ask_for_approval(side: Reconciled) -> Person:
    ben = Person.join("Ben", side.environments.folder.parent / "keys")
    side.environments.write(approval_rules(ENVIRONMENT, ben.email, ben.signer), "Ask for approval")
    commit = side.environments.push()
    waiting.moment(lambda: _is_in_force(side, commit), side.timing.limit, "the rules are in force")
    return ben


def _is_in_force(side: Reconciled, commit: str) -> bool:
    return side.state.applied is not None and side.state.applied.revision == commit


def _approve(side: Reconciled, airflow: AirflowApi, ben: Person, version: str) -> Approved:
    """Push while nothing is approved, start the runs, approve, and watch."""
    side.environments.bump(version)
    commit, limit = side.environments.push(), side.timing.limit + LASTS
    waiting.moment(lambda: _asks_for(side, commit), limit, f"{version} waits for its approval")
    for dag_id in side.code.dag_ids[:BUSY]:
        airflow.trigger(dag_id, version, {"seconds": LASTS})
    waiting.moment(lambda: _states(side, airflow, version) == {"running"}, limit, "runs are in flight")
    begin = time.time()
    CommandLine(side.info, side.code.folder).run("approve", ENVIRONMENT, "--yes", by=ben).expect()
    command = time.time()
    with ThreadPoolExecutor() as pool:
        ended: Future[float] = pool.submit(
            waiting.moment, lambda: _states(side, airflow, version) == {"success"}, limit, "runs end well"
        )
        live = waiting.moment(lambda: side.runs(version), limit, f"Airflow runs {version}")
    side.settle(commit)
    return Approved(command - begin, ended.result() - begin, live - begin)


def _asks_for(side: Reconciled, commit: str) -> bool:
    admitted = side.state.conditions.get(ConditionType.ADMITTED)
    return admitted is not None and admitted.status is False and admitted.observed_revision == commit


def _states(side: Reconciled, airflow: AirflowApi, run_id: str) -> set[str]:
    return {airflow.run_state(dag_id, run_id) for dag_id in side.code.dag_ids[:BUSY]}


def _table(pinned: list[Approved], drained: list[Approved]) -> Table:
    def row(name: str, part: str) -> tuple[str, Samples, Samples]:
        one, other = (Samples("s", tuple(getattr(it, part) for it in many)) for many in (pinned, drained))
        return name, one, other

    return Table(
        (
            "From `reconciler approve` on",
            "bodies change: runs are pinned",
            "graphs change: runs are waited for",
        ),
        (
            row("the command has verified, signed and pushed", "command"),
            row("the last run in flight has ended", "runs"),
            row("**Airflow runs the new release of every DAG**", "live"),
        ),
    )
