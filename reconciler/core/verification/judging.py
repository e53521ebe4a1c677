"""One look at one environment, judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from reconciler.core.findings import Finding, News, with_conditions
from reconciler.core.verification import bake, heartbeats
from reconciler.core.verification.dags import dags_parsed, dags_present, import_errors, lost
from reconciler.core.verification.data_tests import data_tests
from reconciler.core.verification.freshness import freshness
from reconciler.core.verification.measuring import measured
from reconciler.core.verification.missed import missed
from reconciler.core.verification.null_rate import null_rate
from reconciler.core.verification.platform import platform
from reconciler.core.verification.runs import failed_runs, failed_tasks, first_failures, slow_runs
from reconciler.core.verification.scene import Scene
from reconciler.core.verification.second_try import second_tries
from reconciler.core.verification.tally import counted, excused
from reconciler.core.verification.telling import told, waits_for
from reconciler.core.verification.volume import volume
from reconciler.model.health import HealthSpec, SignalName, Weight
from reconciler.model.reason import ConditionType, Reason
from reconciler.model.seen import Evidence
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value
from reconciler.model.watch import Judgement, Measurement, Watch

SIGNALS: Mapping[SignalName, Callable[[Scene], Measurement | None]] = MappingProxyType(
    {
        SignalName.DAGS_PRESENT: dags_present,
        SignalName.DAGS_PARSED: dags_parsed,
        SignalName.IMPORT_ERRORS: import_errors,
        SignalName.FAILED_RUNS: failed_runs,
        SignalName.FAILED_TASKS: failed_tasks,
        SignalName.MISSED_RUNS: missed,
        SignalName.SLOW_RUNS: slow_runs,
        SignalName.DATA_TESTS: data_tests,
        SignalName.VOLUME: volume,
        SignalName.NULL_RATE: null_rate,
        SignalName.FRESHNESS: freshness,
        SignalName.SCHEDULER: heartbeats.scheduler,
        SignalName.DAG_PROCESSOR: heartbeats.dag_processor,
        SignalName.RECONCILER: heartbeats.reconciler,
        SignalName.PLATFORM: platform,
    }
)
"""How each signal is measured. None: there is nothing to measure here, or it was not its turn."""


OF_AIRFLOW = frozenset(
    {SignalName.DAGS_PRESENT, SignalName.MISSED_RUNS, SignalName.SCHEDULER, SignalName.DAG_PROCESSOR}
)
"""Signals that fail while MWAA updates or maintains its environment, whatever is deployed."""


class Judged(Value):
    """What a look comes to: the ``state`` to commit, ``news`` to tell, and a measurement per judged signal.

    All news are events; what stays as a condition is in ``state`` already.
    """

    state: EnvironmentState
    news: tuple[News, ...] = ()
    measurements: tuple[Measurement, ...] = ()


def judge(state: EnvironmentState, spec: HealthSpec, evidence: Evidence) -> Judged:
    """Judge what is live by what was seen of it. Without a watch there is nothing to judge.

    Evidence that is older than what was judged last changes nothing.
    """
    watch = state.watch
    if watch is None:
        return Judged(state=_remembered(state, evidence))
    if watch.checked_at is not None and evidence.at <= watch.checked_at:
        return Judged(state=state)
    scene = _trying_again(Scene(state, watch, spec, evidence))
    measurements = _measured(scene)
    after = _watched(scene, measurements)
    obstacles = bake.obstacles(scene, after)
    if after.stable_at is None and not obstacles:
        after = after.model_copy(update={"stable_at": evidence.at})
    if after.stable_at is not None and after.verified_at is None and bake.verified(scene, after):
        after = after.model_copy(update={"verified_at": evidence.at})
    judged = state.model_copy(update={"watch": after, "stable": bake.stable_list(state, after)})
    condition = _condition(after, waits_for(obstacles))
    judged = with_conditions(judged, [condition], after.revision, evidence.at)
    news = told(scene, watch, after)
    return Judged(state=_remembered(judged, evidence), news=news, measurements=measurements)


def _trying_again(scene: Scene) -> Scene:
    """What this look wants to see tried once more is in doubt at once."""
    tries = second_tries(scene, first_failures(scene))
    if tries == scene.watch.second_tries:
        return scene
    return replace(scene, watch=scene.watch.model_copy(update={"second_tries": tries}))


def is_amiss(state: EnvironmentState, spec: HealthSpec, evidence: Evidence) -> bool:
    """Does anything fail that also does while MWAA is at work on the environment? Then it has to be asked."""
    if state.watch is None:
        return False
    scene = Scene(state, state.watch, spec, evidence)
    on = (name for name in OF_AIRFLOW if spec.of(name).severity is not Weight.OFF)
    found = (SIGNALS[name](scene) for name in on)
    return any(one is not None and one.outcome is Judgement.FAILED for one in found)


def _measured(scene: Scene) -> tuple[Measurement, ...]:
    on = (name for name in SIGNALS if scene.spec(name).severity is not Weight.OFF)
    found = (SIGNALS[name](scene) for name in on)
    known = scene.watch.known
    return tuple(excused(_if_up(scene, one), known.get(one.signal)) for one in found if one is not None)


def _if_up(scene: Scene, one: Measurement) -> Measurement:
    """While MWAA replaces its parts, that they are not there says nothing."""
    busy = scene.evidence.busy
    if busy is None or one.signal not in OF_AIRFLOW or one.outcome is not Judgement.FAILED:
        return one
    return measured(one.signal, Judgement.ERROR, f"Could not be had: {busy}.")


def _watched(scene: Scene, measurements: tuple[Measurement, ...]) -> Watch:
    watch, at = scene.watch, scene.at
    # A signal that is turned off meanwhile is not remembered either.
    on = {name: tally for name, tally in watch.tallies.items() if scene.spec(name).severity is not Weight.OFF}
    tallies = on | {
        one.signal: counted(on.get(one.signal), scene.spec(one.signal), one) for one in measurements
    }
    good = {one.signal for one in measurements if one.outcome is Judgement.SUCCEEDED}
    known = {name: dags for name, dags in watch.known.items() if name not in good}
    after = watch.model_copy(
        update={
            "tallies": tallies,
            "known": known,
            "lost": lost(scene),
            "ran": bake.ran(scene),
            "checked_at": at,
            "recorded_at": at if scene.evidence.record is not None else watch.recorded_at,
        }
    )
    outcome = bake.outcome(after)
    failed = outcome is Judgement.FAILED
    update: dict[str, object] = {"outcome": outcome, "failed_at": (watch.failed_at or at) if failed else None}
    if watch.failed_at is not None and not failed:
        update["recovered_at"] = at
    return after.model_copy(update=update)


def _condition(watch: Watch, waiting: str) -> Finding:
    """Whether what is live has passed its bake."""
    status: bool | None = watch.stable_at is not None
    reason, message = Reason.BAKING, f"Release {watch.release}: {waiting}"
    if watch.outcome is Judgement.FAILED:
        bad = [
            tally.last.message
            for tally in watch.tallies.values()
            if tally.last is not None and tally.severity is Weight.ERROR and tally.outcome is Judgement.FAILED
        ]
        reason, message = Reason.HEALTH_CHECK_FAILED, f"Release {watch.release}: {' '.join(bad)}"
    elif watch.outcome is Judgement.ERROR:
        reason, message = Reason.HEALTH_UNKNOWN, f"Release {watch.release} cannot be judged now."
    elif watch.verified_at is not None:
        reason, message = Reason.BECAME_VERIFIED, f"Release {watch.release} is Stable and Verified."
    elif watch.stable_at is not None:
        reason, message = Reason.BECAME_STABLE, f"Release {watch.release} is Stable."
    return Finding(type=ConditionType.BAKED, status=status, reason=reason, message=message)


def _remembered(state: EnvironmentState, evidence: Evidence) -> EnvironmentState:
    """What does not import while nothing is on its way did not before the next change either."""
    busy = state.operation is not None and state.operation.finished_at is None
    unproven = state.watch is not None and state.watch.stable_at is None
    if evidence.import_errors is None or busy or unproven:
        return state
    files = frozenset(problem.file for problem in evidence.import_errors)
    return state.model_copy(update={"import_errors": files})
