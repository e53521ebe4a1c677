"""Measurements, cut to a size that the memory of an environment can take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reconciler.core.identity import sha256
from reconciler.core.narrative import names
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.watch import Judgement, Measurement

_LINES, _LENGTH, _DAGS = 5, 240, 50
_THINGS, _THING = 200, 120

MORE = "*"
"""Stands for all that is bad besides."""


def measured(  # noqa: PLR0913 - the fields of a measurement
    signal: SignalName,
    outcome: Judgement,
    message: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    dags: Iterable[str] = (),
    evidence: Sequence[str] = (),
    beside: bool = False,
    things: Iterable[str] | None = None,
) -> Measurement:
    """One measurement, with as much of its evidence as fits. Without ``things`` the DAGs are bad."""
    dags = sorted(set(dags))
    bad = dags if things is None else sorted(set(things))
    rest = len(evidence) - _LINES
    lines = [line[:_LENGTH] for line in evidence[:_LINES]]
    aside = " That is not this release's doing." if beside else ""
    return Measurement(
        signal=signal,
        outcome=outcome,
        message=f"{message[: 2 * _LENGTH - len(aside)]}{aside}",
        value=round(value, 4) if value is not None else None,
        limit=limit,
        dags=tuple(dags[:_DAGS]),
        evidence=(*lines, *((f"and {rest} more",) if rest > 0 else ())),
        beside=beside,
        things=_cut(bad) if outcome is Judgement.FAILED else (),
    )


def _cut(things: Sequence[str]) -> tuple[str, ...]:
    """With one that nothing else is called where there are more than are remembered."""
    short = [
        one if len(one) <= _THING else f"{one[: _THING - 17]}#{sha256(one.encode())[:16]}" for one in things
    ]
    return (*short[:_THINGS], *((MORE,) if len(short) > _THINGS else ()))


def unknown(scene: Scene, signal: SignalName) -> Measurement:
    """What it is judged by could not be had."""
    why = scene.evidence.troubles.get(signal, "nothing was told")
    return measured(signal, Judgement.ERROR, f"Could not be looked at: {why}")


@dataclass
class Sorted:
    """What was looked at of one signal, one by one: what is good, what is bad, and what may be chance.

    ``worst``: the value farthest from what is usual of all that is judged.
    """

    good: set[str] = field(default_factory=set)
    bad: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)
    dags: dict[str, str] = field(default_factory=dict)
    worst: float | None = None

    def saw(self, value: float) -> None:
        """Remember a value, if it is the worst so far."""
        self.worst = value if self.worst is None else max(self.worst, value)


def summed_up(
    scene: Scene, signal: SignalName, seen: Sorted, good: str, nothing: str, bad: str
) -> Measurement:
    """One bad thing makes the measurement fail; one that may be chance leaves it open, and so does nothing.

    ``good`` and ``nothing`` are sentences, ``bad`` is the end of one that begins with what is bad.
    """
    limit = scene.spec(signal).limit
    for outcome, which in ((Judgement.FAILED, seen.bad), (Judgement.INCONCLUSIVE, seen.doubtful)):
        if which:
            chance = " That may be chance: more is waited for." if outcome is Judgement.INCONCLUSIVE else ""
            return measured(
                signal,
                outcome,
                f"{names(sorted(which), 3)} {bad}.{chance}",
                value=seen.worst,
                limit=limit,
                dags=(seen.dags.get(key, key) for key in which),
                things=which,
                evidence=[which[key] for key in sorted(which)],
            )
    outcome, message = (Judgement.SUCCEEDED, good) if seen.good else (Judgement.INCONCLUSIVE, nothing)
    return measured(signal, outcome, message, value=seen.worst if seen.good else None, limit=limit)
