"""A tick that dies at any call is continued by the next ones, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pytest

from reconciler.core.identity import release_id
from reconciler.core.pointer_file import SUPPORT_KEYS
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome, World
from reconciler.model.component import Component
from reconciler.model.errors import Conflict
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.state import Changes
from reconciler.model.tick_time import TickTime
from tests.engine.crashes import Died, Fate, Fuse, guarded
from tests.engine.scene import Scene
from tests.engine.stories import LEASE_SECONDS, MINUTE, STORIES, Story

DONE = (Outcome.IDLE, Outcome.FAILED)
LESS_OFTEN = (Fate.LOST_ANSWER, Fate.UNREACHED)
"""At each fourth call; the long tests meet them at each."""


def ticks_until_done(world: World, scene: Scene) -> None:
    """The sweep, each minute, until it has nothing to do; a tick that met trouble is followed by the next."""
    quiet = 0
    for _ in range(20):
        quiet = quiet + 1 if tick(world, "dev", TriggeredBy.SCHEDULE).outcome in DONE else 0
        if quiet == 2:
            return
        scene.clock.advance(MINUTE)
    raise AssertionError(f"never done: {scene.state.operation}, {scene.reasons[-5:]}")


def calls_of(story: Story) -> int:
    scene, fuse = story.prepare(), Fuse(at=1_000_000)
    ticks_until_done(guarded(scene, fuse), scene)
    return fuse.calls


def version_of(scene: Scene) -> dict[str, str]:
    """Release id → version, of every release that was published."""
    found = {}
    for version in scene.artifacts.versions(Component.DAGS):
        digests = {part: scene.artifacts.resolve(part, version) or "" for part in Component}
        found[release_id(digests)] = version
    return found


def assert_settled(scene: Scene, story: Story) -> None:
    versions, state = version_of(scene), scene.state
    running = {dag_id: versions[release or ""] for dag_id, release in scene.running().items()}
    assert running == story.ends
    assert running == {dag_id: versions[live.pointer.release] for dag_id, live in state.live.items()}
    pointers = {key for key in scene.folder.list() if not key.startswith(("_releases/", *SUPPORT_KEYS))}
    assert pointers == {f"{dag_id}.py" for dag_id in story.ends}
    assert (state.intents, state.fences) == ({}, {})
    assert state.operation is not None
    assert state.operation.phase is story.phase


def assert_nothing_twice(scene: Scene, story: Story) -> None:
    """Every pause is followed by its end, runs began anew, and every event was delivered."""
    for dag_id, calls in groupby(
        sorted(scene.airflow.pauses, key=lambda one: one[0]), key=lambda one: one[0]
    ):
        sides = [side for side, _ in groupby(paused for _, paused in calls)]
        assert sides in ([True, False], [True, False, True, False]), f"{dag_id} is left paused: {sides}"
    assert {dag_id for dag_id, _ in scene.airflow.restarted} == set(story.restarted)
    told = [event.sequence for event in scene.bus.published]
    assert sorted(set(told)) == list(range(1, len(scene.events) + 1)), "every event was delivered"
    reasons = [event.reason for event in scene.events]
    if story.prepare.__name__ != "hand_edit":
        assert Reason.DRIFT_DETECTED not in reasons, "our own unfinished writes are not drift"


@pytest.mark.parametrize("name", STORIES)
def test_without_a_crash(name: str) -> None:
    story = STORIES[name]
    scene = story.prepare()
    ticks_until_done(scene.world, scene)
    assert_settled(scene, story)
    assert_nothing_twice(scene, story)
    assert len(scene.airflow.restarted) == len(story.restarted)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize(
    ("fate", "every"),
    [
        (Fate.BEFORE, 1),
        (Fate.AFTER, 1),
        *((fate, 4) for fate in LESS_OFTEN),
        *(pytest.param(fate, 1, marks=pytest.mark.long) for fate in LESS_OFTEN),
    ],
)
def test_it_converges_from_every_call(name: str, fate: Fate, every: int) -> None:
    story = STORIES[name]
    for at in range(0, calls_of(story), every):
        scene, fuse = story.prepare(), Fuse(at=at, fate=fate)
        try:
            ticks_until_done(guarded(scene, fuse), scene)
        except Died:
            scene.clock.advance(LEASE_SECONDS + 1)
        ticks_until_done(scene.world, scene)
        try:
            assert_settled(scene, story)
            assert_nothing_twice(scene, story)
        except AssertionError as error:
            raise AssertionError(f"call {at}, {fate.value}: {error}") from error


def test_a_late_first_tick_cannot_write_the_state() -> None:
    """Its lease ran out while it slept; the second tick did the work; the first one wakes up."""
    scene = STORIES["bump"].prepare()
    first_lease = scene.store.acquire("dev", "sleeper", LEASE_SECONDS)
    stale = scene.state
    scene.clock.advance(LEASE_SECONDS + 1)
    ticks_until_done(scene.world, scene)
    with pytest.raises(Conflict):
        scene.store.commit(first_lease, Changes(state=stale))


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", STORIES)
def test_a_tick_that_sleeps_through_its_lease_at_any_call_harms_nobody(name: str, every: int) -> None:
    """It stops after a call, the next ticks do all the work, then it wakes up and goes on."""
    story = STORIES[name]
    for at in range(0, calls_of(story), every):
        scene = story.prepare()
        ticks_until_done(guarded(scene, _Sleeper(at, scene)), scene)
        ticks_until_done(scene.world, scene)
        try:
            assert_settled(scene, story)
            assert_nothing_twice(scene, story)
        except AssertionError as error:
            raise AssertionError(f"asleep after call {at}: {error}") from error


class _Sleeper(Fuse):
    """After its ``at``-th call the lease runs out, and others finish what there is to do."""

    def __init__(self, at: int, scene: Scene) -> None:
        super().__init__(at=1_000_000)
        self._when = at
        self._scene = scene

    def burn(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = super().burn(call, *args, **kwargs)
        if self.calls == self._when + 1:
            self._scene.clock.advance(LEASE_SECONDS + 1)
            ticks_until_done(self._scene.world, self._scene)
        return result


def test_a_second_tick_at_the_same_time_goes_away() -> None:
    scene = STORIES["bump"].prepare()
    scene.store.acquire("dev", "other", LEASE_SECONDS)
    before = scene.folder.list()
    assert scene.tick().outcome is Outcome.CONTENDED
    assert scene.folder.list() == before


@dataclass(frozen=True)
class Hurried(TickTime):
    """A tick that may work for so long (seconds), whatever its lease."""

    work: float = 0

    @property
    def work_seconds(self) -> float:
        """See ``TickTime``."""
        return self.work


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.5, 1, 2, 3, 4, 5, 7, 9, 11, 15])
@pytest.mark.parametrize("name", ["bump", "rollback"])
def test_however_short_the_ticks_success_is_told_only_when_all_is_done(name: str, seconds: float) -> None:
    story = STORIES[name]
    scene = story.prepare()
    hurried = replace(scene.world, time=Hurried(work=seconds))
    for _ in range(60):
        if tick(hurried, "dev", TriggeredBy.SCHEDULE).outcome in (Outcome.APPLIED, Outcome.IDLE):
            break
        scene.clock.advance(MINUTE)
    assert_settled(scene, story)
