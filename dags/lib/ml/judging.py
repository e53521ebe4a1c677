"""How good probabilities are, and how whole the features."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lib.ml.features import NUMBERS, Customer, number

_LEAST = 1e-6


def judge(probabilities: Sequence[float], labels: Sequence[bool]) -> dict[str, float | None]:
    """`log_loss` and `brier` (0 is perfect), `auc` (0.5: a guess; None of one kind of label), `base_rate`."""
    count = len(labels)
    if not count:
        return {"log_loss": None, "brier": None, "auc": None, "base_rate": None}
    pairs = list(zip(probabilities, labels, strict=True))
    loss = -sum(math.log(max(p if label else 1 - p, _LEAST)) for p, label in pairs) / count
    brier = sum((p - label) ** 2 for p, label in pairs) / count
    return {
        "log_loss": round(loss, 6),
        "brier": round(brier, 6),
        "auc": _auc(pairs),
        "base_rate": round(sum(labels) / count, 6),
    }


def _auc(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """How often one with the label is ranked above one without it; ties count half."""
    positive = sum(label for _, label in pairs)
    negative = len(pairs) - positive
    if not positive or not negative:
        return None
    ranked = sorted(pairs)
    total, place = 0.0, 0
    while place < len(ranked):
        tied = place
        while tied < len(ranked) and ranked[tied][0] == ranked[place][0]:
            tied += 1
        total += (place + 1 + tied) / 2 * sum(label for _, label in ranked[place:tied])
        place = tied
    return round((total - positive * (positive + 1) / 2) / (positive * negative), 6)


def wholeness(customers: Sequence[Customer]) -> dict[str, float]:
    """`row_count`, `null_percentage` of all the numbers, and `mean_feature_value` of those that are known."""
    values = [number(one.get(name)) for one in customers for name in NUMBERS]
    known = [value for value in values if value is not None]
    return {
        "row_count": len(customers),
        "null_percentage": round(100 * (len(values) - len(known)) / len(values), 4) if values else 0.0,
        "mean_feature_value": round(sum(known) / len(known), 4) if known else 0.0,
    }
