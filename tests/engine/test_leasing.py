"""A tick waits for whoever has the lease for a moment, and goes away if somebody works."""

from __future__ import annotations

from datetime import timedelta

from reconciler.engine.tick import PATIENCE
from reconciler.engine.world import Outcome
from tests.engine.stories import STORIES

BRIEFLY, LONG = 2.0, 150.0


def test_a_tick_waits_for_a_look_that_is_soon_over() -> None:
    scene = STORIES["bump"].prepare()
    scene.store.acquire("dev", "a look", BRIEFLY)
    before = scene.clock.now()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.clock.now() - before >= timedelta(seconds=BRIEFLY)


def test_a_tick_goes_away_after_some_seconds() -> None:
    scene = STORIES["bump"].prepare()
    scene.store.acquire("dev", "another tick", LONG)
    before = scene.clock.now()
    assert scene.tick().outcome is Outcome.CONTENDED
    assert PATIENCE <= scene.clock.now() - before < PATIENCE + timedelta(seconds=1)
