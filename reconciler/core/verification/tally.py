"""Counts what measurements come to, as Argo Rollouts' analysis does."""

from __future__ import annotations

from reconciler.model.health import SignalSpec, Weight
from reconciler.model.watch import Judgement, Measurement, Tally


def counted(before: Tally | None, spec: SignalSpec, measured: Measurement) -> Tally:
    """One measurement more.

    Only more failures in a row than are allowed fail a signal; only one that succeeds takes that back. What
    is neither good nor bad leaves a count of failures as it is: it never counts as good. While failures are
    counted, and there are not too many yet, the signal is open. What is beside the release only warns.
    """
    known = before or Tally(severity=spec.severity)
    severity = spec.severity
    if spec.severity is Weight.ERROR and _is_beside(known, measured):
        severity = Weight.WARNING
    if severity is not known.severity and measured.outcome is Judgement.FAILED:
        # What was counted is another trouble, for which another may be to blame.
        known = known.model_copy(update={"failed": 0, "outcome": Judgement.INCONCLUSIVE})
    update: dict[str, object] = {"severity": severity, "measured": known.measured + 1, "last": measured}
    was_failed = known.outcome is Judgement.FAILED
    match measured.outcome:
        case Judgement.SUCCEEDED:
            update |= {"failed": 0, "inconclusive": 0, "errors": 0, "outcome": Judgement.SUCCEEDED}
        case Judgement.FAILED:
            failed = known.failed + 1
            bad = was_failed or failed > spec.failure_limit
            outcome = Judgement.FAILED if bad else Judgement.INCONCLUSIVE
            update |= {"failed": failed, "errors": 0, "outcome": outcome, "worst": measured}
        case Judgement.INCONCLUSIVE:
            outcome = Judgement.FAILED if was_failed else Judgement.INCONCLUSIVE
            update |= {"inconclusive": known.inconclusive + 1, "errors": 0, "outcome": outcome}
        case Judgement.ERROR:
            errors = known.errors + 1
            lost = errors > spec.consecutive_error_limit and not was_failed
            update |= {"errors": errors, "outcome": Judgement.ERROR if lost else known.outcome}
    return known.model_copy(update=update)


def _is_beside(known: Tally, measured: Measurement) -> bool:
    """Is what is counted none of the release's doing? What is not measured anew stays what it was."""
    if measured.outcome is Judgement.FAILED:
        return measured.beside
    failing = known.failed > 0 or known.outcome is Judgement.FAILED
    goes_on = failing and measured.outcome is not Judgement.SUCCEEDED
    return goes_on and known.worst is not None and known.worst.beside


def excused(measured: Measurement, known: frozenset[str] | None) -> Measurement:
    """What was so before the release was begun, and has not been otherwise since, is not held against it.

    ``known``: the things that were bad then, none if it is about none; None: it was well. Another test of the
    same table is another thing.
    """
    if known is None or measured.outcome is not Judgement.FAILED or not known.issuperset(measured.things):
        return measured
    message = f"{measured.message} It was so before this release."
    return measured.model_copy(
        update={"outcome": Judgement.INCONCLUSIVE, "message": message, "dags": (), "beside": False}
    )
