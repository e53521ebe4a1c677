"""What is measured of each look, for CloudWatch: bounded names and dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.verification.judging import Judged
from reconciler.model.health import SignalName, Weight
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value
from reconciler.model.watch import Judgement, Tally

_TOLD = {Judgement.SUCCEEDED, Judgement.FAILED}
_BESIDE = {SignalName.RECONCILER, SignalName.PLATFORM}
"""What tells nothing of the release itself: with these alone nobody sees whether it is well."""


class MetricValue(Value):
    """One value of one metric. ``unit`` as CloudWatch names it; ``dimensions``: environment and signal."""

    name: str
    value: float
    unit: str = "Count"
    dimensions: dict[str, str] = {}


def metrics(judged: Judged) -> tuple[MetricValue, ...]:
    """What to publish of one look.

    ``HealthFailed`` is missing when nothing can be said: what is missing never counts as good.
    """
    return (*signs_of_life(judged.state, judged), *_metrics(judged))


def signs_of_life(state: EnvironmentState, judged: Judged | None = None) -> tuple[MetricValue, ...]:
    """``HealthChecked``, always: somebody looks. ``HealthJudged``, where that showed anything of the release.

    Without ``judged`` there was no need to look. The absence of either calls a person.
    """
    here = {"environment": state.environment}
    checked = MetricValue(name="HealthChecked", value=1, dimensions=here)
    if judged is not None and not _is_judged(judged):
        return (checked,)
    return checked, MetricValue(name="HealthJudged", value=1, dimensions=here)


def _metrics(judged: Judged) -> Iterator[MetricValue]:
    state, watch = judged.state, judged.state.watch
    here = {"environment": state.environment}
    tallies = watch.tallies if watch is not None else {}
    failed = _failed(judged, tallies)
    if failed is not None:
        yield MetricValue(name="HealthFailed", value=failed, dimensions=here)
    undecided = 0
    for measurement in judged.measurements:
        bad = tallies[measurement.signal].outcome is Judgement.FAILED
        if bad or measurement.outcome in _TOLD:
            of = {**here, "signal": measurement.signal.value}
            yield MetricValue(name="SignalFailed", value=float(bad), dimensions=of)
        undecided += measurement.outcome not in _TOLD
        if measurement.signal is SignalName.MISSED_RUNS and measurement.value is not None:
            yield MetricValue(name="MissedRuns", value=measurement.value, dimensions=here)
    if watch is not None:
        yield MetricValue(name="SignalsInconclusive", value=undecided, dimensions=here)
        age = ((watch.checked_at or watch.begun_at) - watch.begun_at).total_seconds()
        yield MetricValue(name="ReleaseAge", value=age, unit="Seconds", dimensions=here)


def _failed(judged: Judged, tallies: dict[SignalName, Tally]) -> float | None:
    if judged.state.watch is None:
        return 0
    errors = [tally for tally in tallies.values() if tally.severity is Weight.ERROR]
    if any(tally.outcome is Judgement.FAILED for tally in errors):
        return 1
    return 0 if not errors or _is_judged(judged) else None


def _is_judged(judged: Judged) -> bool:
    """Could anything of severity error be told of the release in this look? If nothing has to be: yes."""
    watch = judged.state.watch
    tallies = watch.tallies if watch is not None else {}
    errors = {name for name, tally in tallies.items() if tally.severity is Weight.ERROR}
    about = errors - _BESIDE or errors
    return not about or any(one.signal in about and one.outcome in _TOLD for one in judged.measurements)
