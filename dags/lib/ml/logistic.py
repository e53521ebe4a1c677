"""Logistic regression with a ridge penalty, fitted by Newton's method in plain Python.

Airflow's environment has neither numpy nor scikit-learn, and a model of a dozen weights needs neither. The
same rows in the same order give the same weights: nothing is random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Vector = list[float]
_RIDGE, _STEPS, _CLOSE = 1.0, 50, 1e-10
_DIGITS = 10


@dataclass(frozen=True)
class Weights:
    """Of the sum whose sigmoid is the probability."""

    intercept: float
    slopes: tuple[float, ...]

    def probability(self, row: Sequence[float]) -> float:
        """That the row's label is true, between 0 and 1."""
        total = self.intercept + sum(w * x for w, x in zip(self.slopes, row, strict=True))
        return sigmoid(total)


def fit(rows: Sequence[Sequence[float]], labels: Sequence[bool]) -> Weights:
    """Weights for rows of about unit scale. Raises ValueError where there are none.

    Two average rows are added, one of each label: where all labels are equal, what comes out is a probability
    near to, but not, 0 or 1, and the same for everybody.
    """
    if not rows:
        raise ValueError("nothing to learn from")
    width = len(rows[0])
    seen = [[1.0, *row] for row in rows] + [[1.0, *[0.0] * width]] * 2
    wanted = [float(label) for label in labels] + [0.0, 1.0]
    weights = [0.0] * (width + 1)
    for _ in range(_STEPS):
        gradient, curvature = _slope(seen, wanted, weights)
        step = _solve(curvature, gradient)
        weights = [w - s for w, s in zip(weights, _damped(step), strict=True)]
        if max(map(abs, step)) < _CLOSE:
            break
    # Rounded, so that the last bits of an exponential do not make another model.
    intercept, *slopes = (round(w, _DIGITS) + 0.0 for w in weights)
    return Weights(intercept, tuple(slopes))


def sigmoid(total: float) -> float:
    """1 / (1 + e^-total), without overflow."""
    if total >= 0:
        return 1 / (1 + math.exp(-total))
    grown = math.exp(total)
    return grown / (1 + grown)


def _slope(rows: list[Vector], wanted: Vector, weights: Vector) -> tuple[Vector, list[Vector]]:
    """The loss's gradient and its second derivatives; the intercept is not penalised."""
    size = len(weights)
    gradient = [0.0] + [_RIDGE * w for w in weights[1:]]
    curvature = [[_RIDGE if i == j and i else 0.0 for j in range(size)] for i in range(size)]
    for row, label in zip(rows, wanted, strict=True):
        probability = sigmoid(sum(w * x for w, x in zip(weights, row, strict=True)))
        error, weight = probability - label, max(probability * (1 - probability), 1e-12)
        for i, x in enumerate(row):
            if x:
                gradient[i] += error * x
                scaled, line = weight * x, curvature[i]
                for j in range(i + 1):
                    line[j] += scaled * row[j]
    for i in range(size):
        for j in range(i):
            curvature[j][i] = curvature[i][j]
    return gradient, curvature


def _damped(step: Vector) -> Vector:
    """Far from the goal Newton's step may be much too long."""
    longest = max(map(abs, step))
    return step if longest <= 1 else [s / longest for s in step]


def _solve(matrix: list[Vector], right: Vector) -> Vector:
    """x of `matrix` x = `right`, by elimination with the largest pivot."""
    lines = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(lines)
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(lines[row][i]))
        lines[i], lines[pivot] = lines[pivot], lines[i]
        for below in range(i + 1, size):
            factor = lines[below][i] / lines[i][i]
            for j in range(i, size + 1):
                lines[below][j] -= factor * lines[i][j]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(lines[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (lines[i][size] - known) / lines[i][i]
    return found
