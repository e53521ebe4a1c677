"""Live files that somebody else changed are put back, and the event says so."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.reason import Reason, TriggeredBy
from tests.engine.scene import Scene


@pytest.mark.parametrize("key", ["one.py", "_reconciler_loader_v1.py", ".airflowignore", "release"])
@pytest.mark.parametrize("body", [b"edited by hand", None])
def test_an_edited_or_deleted_file_is_put_back(key: str, body: bytes | None) -> None:
    scene = Scene()
    release = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    key = f"_releases/{release.id}.tar.gz" if key == "release" else key
    before = {name: scene.folder.read(name) for name in scene.folder.list()}
    scene.folder.tamper(key, body)

    assert scene.tick(TriggeredBy.SCHEDULE).outcome is Outcome.APPLIED
    assert {name: scene.folder.read(name) for name in scene.folder.list()} == before
    assert Reason.DRIFT_DETECTED in scene.reasons
    assert scene.reasons[-1] is Reason.DRIFT_HEALED
    drift = next(event for event in scene.events if event.reason is Reason.DRIFT_DETECTED)
    assert key in drift.evidence
    assert scene.tick().outcome is Outcome.IDLE
