"""A tick that dies at any call is continued by the next one, and nothing is done twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.pointer_file import SUPPORT_KEYS
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome, World
from reconciler.model.environment import Environment
from reconciler.model.reason import Phase, Reason, TriggeredBy
from reconciler.ports import Target
from reconciler.targets.airflow_dags import AirflowDags
from reconciler.targets.release_archives import ReleaseArchives
from tests.engine.crashes import Died, Fuse
from tests.engine.scene import SUPPORT, Scene

BEFORE = {"one": "a", "two": "b", "gone": "c"}
AFTER = {"one": "A", "two": "b", "new": "d"}


def scene_with_a_bump() -> Scene:
    scene = Scene()
    scene.deploy("1.0.0", BEFORE)
    scene.publish("1.1.0", AFTER)
    scene.push("1.1.0")
    return scene


def guarded(scene: Scene, fuse: Fuse) -> World:
    def target(environment: Environment) -> Target:
        return AirflowDags(
            fuse.guard(scene.folder),
            fuse.guard(scene.airflow),
            ReleaseArchives(fuse.guard(scene.artifacts)),
            SUPPORT,
            scene.clock,
        )

    return replace(
        scene.world_of("doomed"),
        repo=fuse.guard(scene.repo),
        artifacts=fuse.guard(scene.artifacts),
        store=fuse.guard(scene.store),
        bus=fuse.guard(scene.bus),
        target=target,
    )


def calls_of_a_whole_tick() -> int:
    scene, fuse = scene_with_a_bump(), Fuse(at=10_000)
    assert tick(guarded(scene, fuse), "dev", TriggeredBy.WEBHOOK).outcome is Outcome.APPLIED
    return fuse.calls


def bodies(scene: Scene) -> dict[str, bytes | None]:
    return {key: scene.folder.read(key) for key in scene.folder.list()}


@pytest.mark.parametrize("after_effect", [False, True], ids=["before-effect", "after-effect"])
@pytest.mark.parametrize("at", range(calls_of_a_whole_tick()))
def test_death_at_any_call_converges(at: int, after_effect: bool) -> None:
    scene = scene_with_a_bump()
    before = bodies(scene)
    fuse = Fuse(at=at, after_effect=after_effect)
    with pytest.raises(Died):
        tick(guarded(scene, fuse), "dev", TriggeredBy.WEBHOOK)

    landed = {key: body for key, body in bodies(scene).items() if body != before.get(key)}
    scene.clock.advance(151)
    result = scene.tick(TriggeredBy.SCHEDULE)

    assert result.outcome in (Outcome.APPLIED, Outcome.IDLE)
    state = scene.state
    assert set(scene.running()) == set(AFTER)
    assert scene.running() == {dag_id: live.pointer.release for dag_id, live in state.live.items()}
    assert "gone.py" not in scene.folder.list()
    assert {key: scene.folder.read(key) for key in landed} == landed, "what had happened is not done again"
    assert state.intents == {}
    assert state.operation is not None
    assert state.operation.phase is Phase.SUCCEEDED
    assert Reason.DRIFT_DETECTED not in scene.reasons, "our own unfinished writes are not drift"
    assert set(scene.folder.list()) >= set(SUPPORT_KEYS)
    assert scene.tick().outcome is Outcome.IDLE
    told = [event.sequence for event in scene.bus.published]
    assert sorted(set(told)) == list(range(1, len(scene.events) + 1)), "every event was delivered"


def test_a_late_first_tick_cannot_write_the_state() -> None:
    """Its lease ran out while it slept; the second tick did the work; the first one wakes up."""
    scene = scene_with_a_bump()
    first_lease = scene.store.acquire("dev", "sleeper", 150)
    stale = scene.state
    scene.clock.advance(151)
    assert scene.tick().outcome is Outcome.APPLIED
    from reconciler.model.errors import Conflict
    from reconciler.model.state import Changes

    with pytest.raises(Conflict):
        scene.store.commit(first_lease, Changes(state=stale))
    assert scene.state.applied is not None
    assert scene.tick().outcome is Outcome.IDLE


def test_a_second_tick_at_the_same_time_goes_away() -> None:
    scene = scene_with_a_bump()
    scene.store.acquire("dev", "other", 150)
    before = scene.folder.list()
    assert scene.tick().outcome is Outcome.CONTENDED
    assert scene.folder.list() == before
