"""Every call of a port is counted, and does what it did uncounted."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.counting import Counted, counted
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome
from reconciler.model.reason import TriggeredBy
from tests.engine.scene import Scene


def test_calls_are_counted_also_if_they_fail() -> None:
    class Port:
        name = "x"

        def half(self, number: int, *, of: int) -> float:
            return number / of

    calls: Counter[str] = Counter()
    port = Counted(Port(), "port", calls)
    assert (port.half(1, of=2), port.name) == (0.5, "x")
    with pytest.raises(ZeroDivisionError):
        port.half(1, of=0)
    assert calls == {"port.half": 2}


def test_an_idle_tick_asks_for_no_more_than_six_things() -> None:
    scene, calls = Scene(), Counter[str]()
    scene.deploy("1.0.0", {f"dag_{number}": "1" for number in range(40)})
    result = tick(counted(scene.world, calls), "dev", TriggeredBy.SCHEDULE)
    assert result.outcome is Outcome.IDLE
    assert calls == {
        "store.acquire": 1, "store.load": 1, "repo.tip": 1, "folder.list": 1, "store.release": 1,
    }  # fmt: skip
