"""The loader, the ignore file and release archives: there before they are needed, current, seen working."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.observation import AirflowDag
from reconciler.model.reason import Reason
from tests.engine import scene as scenery
from tests.engine.scene import Scene

LOADER = "_reconciler_loader_v1.py"


def test_a_rollback_to_a_release_that_was_tidied_away_puts_it_back_first() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "A"})
    scene.clock.advance(600)
    scene.deploy("1.2.0", {"one": "B"})
    scene.folder.tamper(f"_releases/{first.id}.tar.gz", None)
    scene.push("1.0.0")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() == {"one": first.id}
    assert Reason.DRIFT_DETECTED not in scene.reasons, "an archive that nothing uses may go"


def test_a_newer_loader_is_delivered_without_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    monkeypatch.setitem(scenery.SUPPORT, LOADER, b"# airflow dag loader, mended\n")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.folder.read(LOADER) == b"# airflow dag loader, mended\n"
    assert scene.tick().outcome is Outcome.IDLE


@pytest.mark.parametrize("key", [LOADER, "release"])
def test_what_is_put_back_is_seen_working_before_it_is_called_healthy(key: str) -> None:
    scene = Scene()
    release = scene.deploy("1.0.0", {"one": "a"})
    scene.folder.tamper(f"_releases/{release.id}.tar.gz" if key == "release" else key, None)
    stale = AirflowDag(dag_id="one", active=False, paused=False, release=None, last_parsed_at=None)
    scene.airflow.set_dag(stale)
    assert scene.tick().outcome is Outcome.FAILED
    scene.airflow.set_dag(stale.model_copy(update={"active": True, "release": release.id}))
    assert scene.tick().outcome is Outcome.APPLIED
