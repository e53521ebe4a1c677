"""Which runs failed on a release that was taken back, and what is remembered of letting them run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import takewhile

from reconciler.model.plan import ClearRuns, FailedRun
from reconciler.model.release import ReleaseManifest
from reconciler.model.seen import EndedRun
from reconciler.model.state import EnvironmentState, StepResult
from reconciler.model.value import Value
from reconciler.model.watch import Revert

MOST = 50
"""Runs of one DAG that run again unasked; for more a person has to decide."""

LOOKED_AT = 300
"""Ended runs of one DAG, the newest, among which those that failed are looked for."""


class Failed(Value):
    """The runs that are to run again, and a line for each DAG of which none does without a person."""

    runs: tuple[FailedRun, ...] = ()
    left: dict[str, str] = {}


def ran(state: EnvironmentState, revert: Revert, to: ReleaseManifest) -> Revert:
    """The revert with the DAGs that run condemned code, and since when, as it is before they are flipped.

    A DAG whose code is the same in the release that is gone back to did not fail for it.
    """
    bad = _taken_back(state, revert)
    found = {}
    for dag_id, live in state.live.items():
        sealed = to.dags.get(dag_id)
        on_it = list(takewhile(lambda entry: entry.release in bad, live.pointer.history))
        if on_it and sealed is not None and sealed.fingerprint != live.fingerprint:
            found[dag_id] = on_it[-1].since
    return revert.model_copy(update={"ran": found})


def _taken_back(state: EnvironmentState, revert: Revert) -> frozenset[str]:
    """All that was begun after the release that is gone back to."""
    since = state.past[: state.past.index(revert.to)] if revert.to in state.past else ()
    return frozenset({revert.release, *since})


def failed(state: EnvironmentState, revert: Revert, runs: Sequence[EndedRun]) -> Failed:
    """Of ended ``runs`` those that failed on condemned code and were not looked at yet.

    One that ended after its DAG was flipped back was in flight then, and began anew on the code that is good.
    """
    seen = {(dag_id, run_id) for dag_id, ids in revert.cleared.items() for run_id in ids}
    bad = [run for run in runs if _is_bad(state, revert, run) and (run.dag_id, run.run_id) not in seen]
    ended, many = Counter(run.dag_id for run in runs), Counter(run.dag_id for run in bad)
    too_many = {dag_id: count for dag_id, count in many.items() if count > MOST}
    left = {
        dag_id: f"{dag_id}: of its runs that ended only the newest {LOOKED_AT} were looked at."
        for dag_id, count in sorted(ended.items())
        if count >= LOOKED_AT
    } | {
        dag_id: f"{dag_id}: not cleared, for {count} runs of it failed. Clear them in Airflow."
        for dag_id, count in sorted(too_many.items())
    }
    chosen = (run for run in bad if run.dag_id not in too_many)
    return Failed(runs=tuple(FailedRun(dag_id=one.dag_id, run_id=one.run_id) for one in chosen), left=left)


def _is_bad(state: EnvironmentState, revert: Revert, run: EndedRun) -> bool:
    since, live = (revert.ran or {}).get(run.dag_id), state.live.get(run.dag_id)
    if run.state != "failed" or since is None or live is None:
        return False
    if live.pointer.release in state.condemned:
        return False  # somebody pinned it: it would fail again
    return since <= run.started_at and run.ended_at <= live.flipped_at


def clearing(state: EnvironmentState, step: ClearRuns) -> EnvironmentState:
    """A tick that dies now leaves behind which runs it set out to clear."""
    return _updated(state, lambda revert: {"clearing": _with(revert.clearing, step.runs)})


def cleared(state: EnvironmentState, result: StepResult) -> EnvironmentState:
    """What was cleared, and what could not be."""
    lines = {_key(run): flaw for run, flaw in result.uncleared.items() if flaw}
    told = {key: f"{key}: not cleared. {flaw}" for key, flaw in lines.items()}
    done = (*result.cleared, *result.uncleared)
    return _updated(
        state,
        lambda revert: {
            "clearing": _without(revert.clearing, done),
            "cleared": _with(revert.cleared, result.cleared),
            "uncleared": {**revert.uncleared, **told},
        },
    )


def cleared_all(state: EnvironmentState, left: Mapping[str, str], now: datetime) -> EnvironmentState:
    """Nothing more is cleared; ``left`` is for people.

    What a tick set out to clear and died over had run again by the next look, or was set out to anew.
    """
    return _updated(
        state,
        lambda revert: {
            "clearing": {},
            "cleared": _with(revert.cleared, _begun(revert)),
            "uncleared": {**revert.uncleared, **left},
            "cleared_at": now,
        },
    )


def given_up(state: EnvironmentState) -> EnvironmentState:
    """What we set out to clear, and of which we do not know whether it was: a line each, for people."""
    return _updated(
        state,
        lambda revert: {
            "clearing": {},
            "uncleared": {
                **revert.uncleared,
                **{
                    key: f"{key}: look whether it runs again, and clear it if not"
                    for key in map(_key, _begun(revert))
                },
            },
        },
    )


def _begun(revert: Revert) -> list[FailedRun]:
    return [FailedRun(dag_id=dag_id, run_id=one) for dag_id, ids in revert.clearing.items() for one in ids]


def _key(run: FailedRun) -> str:
    return f"{run.dag_id} {run.run_id}"


def _updated(state: EnvironmentState, change: Callable[[Revert], dict[str, object]]) -> EnvironmentState:
    if not state.reverts:
        return state
    newest, *older = state.reverts
    return state.model_copy(update={"reverts": (newest.model_copy(update=change(newest)), *older)})


def _with(known: Mapping[str, tuple[str, ...]], runs: Iterable[FailedRun]) -> dict[str, tuple[str, ...]]:
    found = dict(known)
    for run in runs:
        ids = found.get(run.dag_id, ())
        found[run.dag_id] = ids if run.run_id in ids else (*ids, run.run_id)
    return found


def _without(known: Mapping[str, tuple[str, ...]], done: Collection[FailedRun]) -> dict[str, tuple[str, ...]]:
    gone = {(run.dag_id, run.run_id) for run in done}
    left = {dag_id: tuple(one for one in ids if (dag_id, one) not in gone) for dag_id, ids in known.items()}
    return {dag_id: ids for dag_id, ids in left.items() if ids}
