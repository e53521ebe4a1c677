"""The churn model learns what is there to learn, always the same, and says so when there is nothing."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import Any

import pytest
from lib.ml.features import COLUMNS, NUMBERS, Encoding, feature_set, lapsed
from lib.ml.judging import judge, wholeness
from lib.ml.logistic import fit, sigmoid
from lib.ml.model import Model, evaluate, train
from lib.ml.retraining import Present, reasons_to_train


def customer(number: int, chance: random.Random, **parts: Any) -> dict[str, Any]:
    """One who buys; the fewer sessions, the likelier has lapsed."""
    sessions = chance.randrange(30)
    gone = chance.random() < sigmoid(3 - sessions / 3)
    values = {name: Decimal(chance.randrange(1, 1000)) / 10 for name in NUMBERS}
    return {
        **values,
        "CUSTOMER_ID": number,
        "SESSIONS_30_DAYS": sessions,
        "DAYS_SINCE_LAST_PURCHASE": 40 if gone else 2,
        "PURCHASE_FREQUENCY": Decimal("0.5"),
        "REGION": chance.choice(["DE", "FR", "US"]),
        "ACCOUNT_TYPE": None if number % 9 == 0 else "checking",
        **parts,
    }


def customers(count: int = 400, seed: int = 1) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [customer(number, chance) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("silent", "frequency", "gone"),
    [
        (40, 0.5, True),
        (13, 0.5, False),  # less than two weeks
        (20, 0.1, False),  # not longer than three of the usual ten days
        (31, 0.1, True),
        (30, 0.1, False),
        (0, 0.0, False),
        (None, 0.5, False),
        (40, None, False),
    ],
)
def test_who_has_lapsed(silent: int | None, frequency: float | None, gone: bool) -> None:
    assert lapsed({"DAYS_SINCE_LAST_PURCHASE": silent, "PURCHASE_FREQUENCY": frequency}) is gone


def test_what_the_label_is_made_of_is_no_feature() -> None:
    names = Encoding.learn(customers()).names
    assert not {"DAYS_SINCE_LAST_PURCHASE", "PURCHASE_FREQUENCY"} & set(names)
    assert {"DAYS_SINCE_LAST_PURCHASE", "PURCHASE_FREQUENCY"} <= set(COLUMNS)


def test_the_fit_finds_the_weights_that_made_the_labels() -> None:
    chance = random.Random(3)
    rows = [[chance.gauss(0, 1), chance.gauss(0, 1)] for _ in range(4000)]
    labels = [chance.random() < sigmoid(0.5 + 2 * a - b) for a, b in rows]
    weights = fit(rows, labels)
    assert weights.intercept == pytest.approx(0.5, abs=0.15)
    assert weights.slopes == pytest.approx((2, -1), abs=0.2)


def test_the_fit_is_at_the_minimum() -> None:
    chance = random.Random(4)
    rows = [[chance.gauss(0, 1)] for _ in range(50)]
    labels = [row[0] + chance.gauss(0, 1) > 0 for row in rows]

    def loss(intercept: float, slope: float) -> float:
        seen = [*zip(rows, labels, strict=True), ([0.0], True), ([0.0], False)]
        total = sum(
            -math.log(p if label else 1 - p)
            for row, label in seen
            for p in [sigmoid(intercept + slope * row[0])]
        )
        return total + slope**2 / 2

    found = fit(rows, labels)
    best = loss(found.intercept, found.slopes[0])
    for a in (-1e-3, 0, 1e-3):
        for b in (-1e-3, 0, 1e-3):
            assert loss(found.intercept + a, found.slopes[0] + b) >= best - 1e-12


@pytest.mark.parametrize("label", [True, False])
def test_of_one_kind_of_label_everybody_gets_the_same_probability(label: bool) -> None:
    rows = [[float(number), 1.0] for number in range(-10, 10)]
    weights = fit(rows, [label] * 20)
    for row in rows:
        assert abs(weights.probability(row) - (21 / 22 if label else 1 / 22)) < 0.05
    assert 0 < weights.probability(rows[0]) < 1


def test_rows_that_a_line_divides_do_not_run_away() -> None:
    rows = [[float(number)] for number in range(-50, 50) if number]
    weights = fit(rows, [row[0] > 0 for row in rows])
    assert 0 < weights.slopes[0] < 100


def test_nobody_to_learn_from() -> None:
    with pytest.raises(ValueError, match="nothing to learn from"):
        train([])


def test_the_same_customers_in_any_order_make_the_same_bytes() -> None:
    found = customers()
    first = train(found)
    shuffled = found[:]
    random.Random(9).shuffle(shuffled)
    again = train(shuffled)
    assert again.model.written() == first.model.written()
    assert again.digest == first.digest
    assert again.metrics == first.metrics


def test_a_model_that_learned_is_better_than_a_guess_with_those_it_has_not_seen() -> None:
    trained = train(customers(1000))
    assert trained.rows < 1000 * 0.9
    auc = trained.metrics["auc"]
    assert auc is not None
    assert auc > 0.75
    strangers = evaluate(trained.model, customers(500, seed=77))
    assert strangers["auc"] == pytest.approx(auc, abs=0.12)


def test_what_is_written_is_read_again_with_the_same_scores() -> None:
    found = customers()
    model = train(found).model
    read = Model.read(model.written())
    assert [read.score(one) for one in found] == [model.score(one) for one in found]
    assert read.features == feature_set()
    assert read.written() == model.written()


def test_what_was_never_seen_is_average() -> None:
    encoding = Encoding.learn(customers())
    blank = encoding.encode({"REGION": "XX", "ACCOUNT_TYPE": None})
    assert set(blank) == {0.0}
    assert len(blank) == len(encoding.names)


def test_metrics_of_known_cases() -> None:
    perfect = judge([0.9, 0.8, 0.1], [True, True, False])
    assert (perfect["auc"], perfect["base_rate"]) == (1.0, 0.666667)
    assert judge([0.5, 0.5], [True, False])["auc"] == 0.5
    assert judge([0.2, 0.2], [False, False])["auc"] is None
    assert judge([1.0], [False])["log_loss"] == pytest.approx(13.8, abs=0.1)
    assert judge([], [])["log_loss"] is None


def test_wholeness_counts_what_is_missing() -> None:
    one = {name: Decimal(3) for name in NUMBERS}
    assert wholeness([one, one | {"AGE": None}]) == {
        "row_count": 2,
        "null_percentage": round(100 / (2 * len(NUMBERS)), 4),
        "mean_feature_value": 3.0,
    }
    assert wholeness([])["row_count"] == 0


PRESENT = Present("f1", 0.30, 0.30)


@pytest.mark.parametrize(
    ("new", "present", "reasons"),
    [
        (0, None, ["there is no model yet"]),
        (1000, PRESENT, []),
        (1001, PRESENT, ["1001 new records are more than 1000"]),
        (0, Present("f0", 0.3, 0.3), ["the feature set is f1, the model knows f0"]),
        (0, Present("f1", 0.3, 0.36), []),
        (0, Present("f1", 0.3, 0.37), ["the log loss is 0.3700, over 20% above the 0.3000 of its training"]),
        (0, Present("f1", None, 0.9), []),
        (5000, Present("f0", 0.3, 0.9), ["5000 new", "the feature set", "the log loss"]),
    ],
)
def test_when_a_new_model_is_wanted(new: int, present: Present | None, reasons: list[str]) -> None:
    found = reasons_to_train(new, "f1", present)
    assert len(found) == len(reasons)
    assert all(told.startswith(start) for told, start in zip(found, reasons, strict=True))
