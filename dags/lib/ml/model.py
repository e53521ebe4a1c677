"""A trained churn model as a value, and as the bytes that are kept. Pure: no clock, no chance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lib.ml.features import ID, Customer, Encoding, feature_set, lapsed
from lib.ml.judging import judge
from lib.ml.logistic import Weights, fit

NAME, SEED, HOLDOUT_PERCENT = "churn", 20260501, 20
# Plain Python needs a second per few thousand customers; more of them would not move a dozen weights.
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Model:
    """How a customer is encoded, the weights, and which set of features they were made for."""

    encoding: Encoding
    weights: Weights
    features: str

    def score(self, customer: Customer) -> float:
        """The probability that a customer has lapsed, or is like those who have."""
        return self.weights.probability(self.encoding.encode(customer))

    def written(self) -> bytes:
        """The model as canonical JSON: an equal model has equal bytes."""
        encoding = self.encoding
        content = {
            "model": NAME,
            "feature_set": self.features,
            "levels": {name: list(levels) for name, levels in encoding.levels.items()},
            "means": dict(encoding.means),
            "spreads": dict(encoding.spreads),
            "intercept": self.weights.intercept,
            "slopes": dict(zip(encoding.names, self.weights.slopes, strict=True)),
        }
        return json.dumps(content, indent=1).encode()

    @classmethod
    def read(cls, body: bytes) -> Model:
        """Of such bytes. Raises KeyError or ValueError for others."""
        content: dict[str, Any] = json.loads(body)
        levels = {name: tuple(levels) for name, levels in content["levels"].items()}
        encoding = Encoding(levels, content["means"], content["spreads"])
        slopes = tuple(content["slopes"][name] for name in encoding.names)
        return cls(encoding, Weights(content["intercept"], slopes), content["feature_set"])


@dataclass(frozen=True)
class Trained:
    """A new model, how it did with customers that it had not seen, and how many it saw."""

    model: Model
    metrics: Mapping[str, float | None]
    rows: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model.written()).hexdigest()

    def version(self, run_date: date) -> str:
        """Of the day of the run and of the bytes: what was trained again from other rows is another."""
        return f"{run_date.isoformat()}-{self.digest[:8]}"


def train(customers: Sequence[Customer]) -> Trained:
    """Train with four fifths, judge with the rest. Raises ValueError where there is nobody to learn from."""
    ordered = sorted(customers, key=lambda one: _draw(one, "sample"))[:MOST_ROWS]
    kept = [one for one in ordered if _draw(one, "holdout") % 100 >= HOLDOUT_PERCENT]
    held = [one for one in ordered if _draw(one, "holdout") % 100 < HOLDOUT_PERCENT]
    encoding = Encoding.learn(kept)
    weights = fit([encoding.encode(one) for one in kept], [lapsed(one) for one in kept])
    model = Model(encoding, weights, feature_set())
    # Of very few customers, none may be held back: then the model is judged by those it knows.
    return Trained(model, evaluate(model, held or kept), len(kept))


def evaluate(model: Model, customers: Sequence[Customer]) -> dict[str, float | None]:
    """How well a model does with customers; see `judge`."""
    return judge([model.score(one) for one in customers], [lapsed(one) for one in customers])


def _draw(customer: Customer, what: str) -> int:
    """A number that a customer keeps for ever, whoever else there is."""
    text = f"{SEED}|{what}|{customer[ID]}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
