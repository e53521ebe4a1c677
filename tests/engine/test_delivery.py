"""What is measured of deployments: each once, whoever made it, however many ticks it took."""

from __future__ import annotations

import json

import pytest

from handlers import reconcile
from reconciler.core.rehearsing import back, forth
from reconciler.engine.world import Outcome, TickResult
from reconciler.model.observation import DagRun
from reconciler.model.reason import TriggeredBy
from reconciler.model.tick_request import TickRequest
from reconciler.model.watch import Revert
from tests.engine.scene import Scene

Figures = dict[tuple[str, ...], float]


def ticks(scene: Scene, count: int = 1, triggered_by: TriggeredBy = TriggeredBy.WEBHOOK) -> Figures:
    """What several ticks measured; each thing once."""
    found: Figures = {}
    for _ in range(count):
        for one in scene.tick(triggered_by).figures:
            key = (
                one.name,
                *(value for name, value in sorted(one.dimensions.items()) if name != "environment"),
            )
            assert one.dimensions["environment"] == "dev"
            assert key not in found
            found[key] = one.value
        scene.clock.advance(61)
    return found


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.publish("1.0.0", {"one": "a", "two": "b"})
    scene.push("1.0.0")
    return scene


def test_a_change_that_is_live_is_counted_once(scene: Scene) -> None:
    first = ticks(scene, 3)
    assert first["Deployed",] == 1
    assert 0 <= first["DeploySeconds",] < 600
    assert set(first) == {("Deployed",), ("DeploySeconds",)}
    scene.publish("1.1.0", {"one": "A", "two": "b"}, parent="1.0.0")
    scene.push("1.1.0")
    assert set(ticks(scene, 3)) == {("Deployed",), ("DeploySeconds",)}
    scene.push("1.1.0", "The same again")
    assert ticks(scene, 3) == {}


def test_what_is_taken_back_is_counted_when_it_begins_and_measured_when_it_is(scene: Scene) -> None:
    ticks(scene)
    scene.publish("1.1.0", {"one": "A", "two": "b"}, parent="1.0.0")
    scene.push("1.1.0")
    ticks(scene)
    scene.airflow.set_runs(
        DagRun(dag_id="one", run_id="r", state="running", run_type="manual", started_at=scene.clock.now())
    )
    scene.clock.advance(30)
    scene.push("1.0.0", "Revert")
    assert ticks(scene) == {("Reverted",): 1}, "its run gets a minute to end"
    found = ticks(scene, 3)
    assert set(found) == {("RollbackSeconds",)}
    assert found["RollbackSeconds",] >= 60


def test_a_try_of_going_back_counts_as_neither(scene: Scene) -> None:
    ticks(scene)
    release = scene.publish("1.1.0", {"one": "A", "two": "b"}, parent="1.0.0")
    scene.push("1.1.0")
    ticks(scene)
    for version, subject in (("1.0.0", back("dev", release.id)), ("1.1.0", forth("dev", release.id))):
        scene.push(version, subject)
        assert ticks(scene, 3) == {}


def test_a_revert_by_an_alarm_is_measured_by_its_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks(scene)
    now = scene.clock.now()
    revert = Revert(
        alarm="a", blamed="1" * 40, release="b" * 16, to="a" * 16, intended_at=now, commit="2" * 40,
        committed_at=now, live_at=now, verified_at=now,
    )  # fmt: skip
    monkeypatch.setattr(
        "reconciler.engine.tick.follow_revert",
        lambda world, session: session.commit(session.state.model_copy(update={"reverts": (revert,)})),
    )
    parts = {("RevertSeconds", part) for part in ("commit", "live", "verified", "whole")}
    assert set(ticks(scene, 2)) == parts


def test_the_function_prints_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = scene.tick().figures
    assert figures
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Reconciler")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "stack")
    settings = type("Settings", (), {"environments": ("dev",)})
    monkeypatch.setattr("reconciler.bootstrap.settings", settings)
    monkeypatch.setattr("reconciler.bootstrap.world", lambda holder: holder)
    result = TickResult(Outcome.APPLIED, "Done.", figures=figures)
    monkeypatch.setattr(reconcile, "tick", lambda world, environment, triggered_by: result)
    monkeypatch.setattr(reconcile, "_count", lambda environment, outcome: None)
    reconcile._tick(TickRequest(environment="dev", triggered_by=TriggeredBy.WEBHOOK), "one")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    (line,) = [one for one in lines if "Deployed" in one]
    assert (line["Deployed"], line["environment"], line["service"]) == ([1.0], "dev", "stack")
    assert "DeploySeconds" in line
