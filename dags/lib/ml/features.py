"""What the churn model is told about a customer, and what it is to foretell.

The label is a proxy, for there is no event "left the bank": a customer counts as lapsed who has been silent
for much longer than was usual. What it is made of, recency and frequency, is not among the features: the
model would only learn to divide one by the other.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Customer = Mapping[str, object]
"""A row of ML.ML_CUSTOMER_FEATURES, by column; numbers of any kind, None where nothing is known."""

ID, RECENCY, FREQUENCY = "CUSTOMER_ID", "DAYS_SINCE_LAST_PURCHASE", "PURCHASE_FREQUENCY"
NUMBERS: Mapping[str, Callable[[float], float]] = {
    "TOTAL_TRANSACTIONS": math.log1p,
    "TOTAL_SPEND": math.log1p,
    "AVG_TRANSACTION_VALUE": math.log1p,
    "SPEND_VOLATILITY": math.log1p,
    "DISTINCT_CATEGORIES": float,
    "CUSTOMER_TENURE_DAYS": math.log1p,
    "AGE": float,
    "SESSIONS_30_DAYS": math.log1p,
    "ACTIVE_DAYS_30_DAYS": float,
    "CREDIT_SCORE": float,
}
"""Columns and what is done with them: amounts and counts are skewed."""
CATEGORIES = ("REGION", "ACCOUNT_TYPE")
COLUMNS = (ID, RECENCY, FREQUENCY, *NUMBERS, *CATEGORIES)
SILENT_GAPS, LEAST_SILENT_DAYS = 3.0, 14


def lapsed(customer: Customer) -> bool:
    """Silent for more than three times the usual days between two purchases, and for two weeks at least."""
    silent, frequency = number(customer.get(RECENCY)), number(customer.get(FREQUENCY))
    if silent is None or not frequency:
        return False
    return silent >= LEAST_SILENT_DAYS and silent > SILENT_GAPS / frequency


def number(value: object) -> float | None:
    """A column's value as a number; None stays unknown."""
    return None if value is None else float(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Encoding:
    """How a customer becomes numbers: the values that categories had, and each number's mean and spread."""

    levels: Mapping[str, tuple[str, ...]]
    means: Mapping[str, float]
    spreads: Mapping[str, float]

    @classmethod
    def learn(cls, customers: Sequence[Customer]) -> Encoding:
        """From customers to train with."""
        levels = {
            name: tuple(sorted({str(one[name]) for one in customers if one.get(name) is not None}))
            for name in CATEGORIES
        }
        means, spreads = {}, {}
        for name, scale in NUMBERS.items():
            known = [scale(value) for one in customers if (value := number(one.get(name))) is not None]
            mean = sum(known) / len(known) if known else 0.0
            means[name] = round(mean, 10)
            variance = sum((value - mean) ** 2 for value in known) / len(known) if known else 0.0
            spreads[name] = round(math.sqrt(variance), 10) or 1.0
        return cls(levels, means, spreads)

    @property
    def names(self) -> tuple[str, ...]:
        """What each of the numbers means, in their order."""
        chosen = [f"{name}={level}" for name, levels in self.levels.items() for level in levels]
        return (*self.means, *chosen)

    def encode(self, customer: Customer) -> list[float]:
        """A customer's numbers. An unknown one is average, an unknown category none of those learned."""
        numbers = []
        for name, mean in self.means.items():
            value = number(customer.get(name))
            numbers.append(0.0 if value is None else (NUMBERS[name](value) - mean) / self.spreads[name])
        for name, levels in self.levels.items():
            numbers += [float(customer.get(name) == level) for level in levels]
        return numbers


def feature_set() -> str:
    """A digest of which features there are and what is foretold: another one needs another model."""
    told = [
        [[name, scale.__name__] for name, scale in NUMBERS.items()],
        CATEGORIES,
        [SILENT_GAPS, LEAST_SILENT_DAYS],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
