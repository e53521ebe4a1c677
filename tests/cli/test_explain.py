"""Why DAGs are as they are."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from tests.cli.desk import Desk
from tests.engine import approving


@pytest.fixture
def desk() -> Desk:
    """1.1.0 changes the graph of films, which has a run in flight, and the body of prices."""
    desk = Desk()
    scene = desk.scene
    scene.deploy("1.0.0", {"films": "load: a", "prices": "load: a"})
    now = scene.clock.now()
    run = DagRun(dag_id="films", run_id="r1", state="running", run_type="manual", started_at=now)
    scene.airflow.set_runs(run)
    scene.airflow.usual["films"] = 300
    scene.publish("1.1.0", {"films": "other: b", "prices": "load: b"})
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.WAITING
    return desk


def test_who_waits_for_what(desk: Desk) -> None:
    said = " ".join(desk.run("explain", "dev").out.split())
    assert "films It runs release" in said
    assert "It waits for: in-flight." in said
    assert "InFlightRuns: A DAG whose graph changes has runs in flight." in said
    assert "films: manual run r1 is running since" in said
    assert "usually takes 5 min" in said
    assert "prices" not in said
    status = desk.run("status", "dev").out
    assert "usually takes 5 min" in status


def test_a_stall_is_what_explains_it() -> None:
    desk = Desk()
    desk.scene.deploy("1.0.0", {"films": "a"})
    desk.scene.push("9.9.9")
    desk.scene.tick()
    said = desk.run("explain", "dev").out
    assert "! dev is stalled: Commit" in said
    assert "dags 9.9.9 was never published" in " ".join(said.split())
    assert "waits for anything" not in said
    assert "9.9.9 was never published" in desk.json("explain", "dev")["stalled"]
    status = desk.run("status", "dev").out
    assert "Phase      Stalled" in status or "Phase       Stalled" in status
    assert "Stalled" in desk.run("status").out.split("dev ", 1)[1].splitlines()[0]


def test_one_dag(desk: Desk) -> None:
    document = desk.json("explain", "dev", "prices")
    assert list(document["dags"]) == ["prices"]
    assert document["dags"]["prices"][-1] == "It waits for nothing."
    assert [gate["gate"] for gate in document["gates"]] == ["in-flight"]
    assert desk.run("explain", "dev", "nope").code == 2


def test_what_is_under_way_and_what_is_not_begun_are_told_apart() -> None:
    desk = Desk()
    scene = desk.scene = desk.platform.scene = approving.live()
    run = DagRun(dag_id="one", run_id="r", state="running", run_type="manual", started_at=scene.clock.now())
    scene.airflow.set_runs(run)
    scene.publish("2.0.0", {"one": "wider: a", "two": "b"}, parent="1.0.0")
    begun = scene.push("2.0.0")
    approving.approve(scene)
    scene.tick()
    scene.publish("2.1.0", {"one": "wider: a", "two": "B"}, parent="2.0.0")
    tip = scene.push("2.1.0")
    scene.tick()

    one, two = desk.run("explain", "dev", "one").out, desk.run("explain", "dev", "two").out
    status, document = desk.run("status", "dev").out, desk.json("explain", "dev")

    assert "It waits for: in-flight." in one
    assert "It waits for nothing." in two
    assert f"Commit {tip[:10]}, which is not begun, waits for: approval, in-flight." in one
    assert f"Commit {tip[:10]}, which is not begun, waits for: approval." in two
    for said in (one, two):
        assert f"gate in-flight (commit {begun[:10]})" in said
        assert f"gate approval (commit {tip[:10]}, which is not begun)" in said
    assert f"Gates: commit {begun[:10]}\n" in status
    assert f"Gates: commit {tip[:10]}, which is not begun" in status
    assert desk.json("status", "dev")["outside"]["revision"] == tip
    assert [(one["gate"], one["revision"], one["begun"]) for one in document["gates"]] == [
        ("in-flight", begun, True),
        ("approval", tip, False),
        ("in-flight", tip, False),
    ]


def test_nothing_waits() -> None:
    desk = Desk()
    desk.scene.deploy("1.0.0", {"films": "a"})
    assert "No DAG of dev waits for anything" in desk.run("explain", "dev").out
