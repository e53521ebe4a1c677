"""Whether a new model is wanted, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH_NEW_RECORDS = 1000
WORSE_BY = 0.2
"""Of the log loss that the model was registered with."""


@dataclass(frozen=True)
class Present:
    """The model in use: the set of features it was made for, and its log loss then and now."""

    features: str
    log_loss_then: float | None
    log_loss_now: float | None


def reasons_to_train(new_records: int, features: str, present: Present | None) -> list[str]:
    """None of them: the present model stays."""
    if present is None:
        return ["there is no model yet"]
    found = []
    if new_records > ENOUGH_NEW_RECORDS:
        found.append(f"{new_records} new records are more than {ENOUGH_NEW_RECORDS}")
    if present.features != features:
        found.append(f"the feature set is {features}, the model knows {present.features}")
    then, now = present.log_loss_then, present.log_loss_now
    if then is not None and now is not None and now > then * (1 + WORSE_BY):
        found.append(f"the log loss is {now:.4f}, over {WORSE_BY:.0%} above the {then:.4f} of its training")
    return found
