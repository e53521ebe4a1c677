"""Why DAGs are as they are."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from tests.cli.desk import Desk


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


def test_one_dag(desk: Desk) -> None:
    document = desk.json("explain", "dev", "prices")
    assert list(document["dags"]) == ["prices"]
    assert document["dags"]["prices"][-1] == "It waits for nothing."
    assert [gate["gate"] for gate in document["gates"]] == ["in-flight"]
    assert desk.run("explain", "dev", "nope").code == 2


def test_nothing_waits() -> None:
    desk = Desk()
    desk.scene.deploy("1.0.0", {"films": "a"})
    assert "No DAG of dev waits for anything" in desk.run("explain", "dev").out
