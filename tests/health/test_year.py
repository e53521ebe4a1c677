"""More than a year of healthy, noisy data: no release is judged bad."""

from __future__ import annotations

from tests.health.year import year

HELD_OUT = 201
"""A seed that nothing was tuned on: docs/health.md has the figures of more of them."""


def test_no_release_is_judged_bad_in_a_year_of_noise() -> None:
    lived = year(HELD_OUT)
    assert lived.releases > 150
    assert lived.failed == []
    # And it is not that nothing is judged at all.
    assert lived.stable > 0.8 * lived.releases
