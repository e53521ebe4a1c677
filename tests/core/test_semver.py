"""Versions are ordered as semver.org has it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reconciler.core.semver import precedence

ORDERED = [
    "0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0-0", "2.0.0",
]  # fmt: skip


@pytest.mark.parametrize(("older", "newer"), [*pairwise(ORDERED)])
def test_each_comes_before_the_next(older: str, newer: str) -> None:
    assert precedence(older) < precedence(newer)


def test_builds_of_one_version_are_equal() -> None:
    assert precedence("1.0.0+linux") == precedence("1.0.0+mac-1.2")
