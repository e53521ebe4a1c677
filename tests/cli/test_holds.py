"""Holding, suspending and letting go again: a commit each, that the reconciler obeys."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import parse_holds
from reconciler.engine.world import Outcome
from reconciler.model.errors import Conflict
from reconciler.model.holds import Holds
from tests.cli.desk import Desk
from tests.engine.scene import Scene


@pytest.fixture
def desk() -> Desk:
    """1.0.0 is live in dev, and 1.1.0 is published."""
    desk = Desk()
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    return desk


def held(scene: Scene) -> Holds:
    return parse_holds(scene.repo.files(scene.repo.tip()), "dev")


def bump(scene: Scene) -> None:
    files = dict(scene.repo.files(scene.repo.tip()))
    path = "dev/pointer.yaml"
    scene.repo.person_pushes({path: files[path].replace(b"1.0.0", b"1.1.0")}, "Bump")


def test_a_hold_and_its_end(desk: Desk) -> None:
    said = desk.run("hold", "dev", "--reason", "month-end: über alles")
    assert said.code == 0, said.err
    (one,) = held(desk.scene).holds
    assert (one.by, one.reason, one.at) == ("Ana <ana@example.com>", "month-end: über alles", None)
    bump(desk.scene)
    assert desk.scene.tick().outcome is Outcome.WAITING
    status = desk.run("status", "dev")
    assert "month-end: über alles" in status.out
    assert "wait hold films" in " ".join(status.out.split("Gates")[1].split())

    document = desk.json("release", "dev", "--reason", "closed")
    assert document["commit"] == desk.scene.repo.tip()
    assert held(desk.scene).holds == ()
    assert desk.scene.tick().outcome is Outcome.APPLIED


def test_suspended_and_resumed(desk: Desk) -> None:
    assert desk.run("suspend", "dev", "-m", "Airflow is moved").code == 0
    bump(desk.scene)
    assert desk.scene.tick().outcome is Outcome.WAITING
    assert desk.run("resume", "dev", "-m", "moved").code == 0
    assert held(desk.scene) == Holds()
    assert desk.scene.tick().outcome is Outcome.APPLIED


def test_a_dag_is_pinned_and_followed_by_the_others_alone(desk: Desk) -> None:
    scene = desk.scene
    assert desk.run("hold", "dev", "--dag", "films", "-m", "month-end").code == 0
    (one,) = held(scene).pins
    assert (one.dag, one.release, one.reason) == ("films", scene.state.past[0], "month-end")
    assert desk.json("hold", "dev", "--dag", "films", "-m", "again")["commit"] is None
    bump(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() == {"films": one.release}
    status = desk.run("status", "dev").out
    assert f"films to {one.release} by Ana <ana@example.com> since" in status
    gates = {gate["gate"]: gate["message"] for gate in desk.json("plan", "dev")["verdicts"]}
    assert "films stays on release" in gates["pin"]

    assert desk.run("release", "dev", "--dag", "films", "-m", "closed").code == 0
    assert held(scene).pins == ()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != {"films": one.release}


def test_only_what_runs_is_pinned_and_only_what_is_pinned_is_let_go(desk: Desk) -> None:
    assert "runs no DAG 'nope'" in desk.run("hold", "dev", "--dag", "nope", "-m", "x").err
    assert "'films' is not pinned" in desk.run("release", "dev", "--dag", "films", "-m", "x").err
    assert desk.run("hold", "dev", "--dag", "films", "--at", "0" * 16, "-m", "x").code == 2
    assert desk.run("release", "dev", "--dag", "films", "--quarantined", "0" * 16, "-m", "x").code == 2


def test_what_is_so_already_makes_no_commit(desk: Desk) -> None:
    desk.run("hold", "dev", "-m", "one")
    tip = desk.scene.repo.tip()
    assert desk.json("hold", "dev", "-m", "two")["commit"] is None
    assert desk.json("resume", "dev", "-m", "three")["commit"] is None
    assert desk.scene.repo.tip() == tip


def test_held_at_a_release(desk: Desk) -> None:
    live = desk.scene.state.live["films"].pointer.release
    assert desk.run("hold", "dev", "-m", "keep", "--at", live).code == 0
    assert [one.at for one in held(desk.scene).holds] == [live]
    refused = desk.run("hold", "dev", "-m", "keep", "--at", "yesterday")
    assert refused.code == 2
    assert "There is no release 'yesterday'" in refused.err


def test_a_quarantine_is_lifted_by_name(desk: Desk) -> None:
    bad = desk.scene.publish("1.2.0", {"films": "three"}).id
    entry = f"{{release: {bad}, by: Ana, since: 2026-11-21T17:00:00Z, reason: it lost rows}}"
    body = f"apiVersion: reconciler/v1\nkind: Holds\nquarantine: [{entry}]\n"
    desk.scene.repo.person_pushes({"dev/holds.yaml": body.encode()})
    refused = desk.run("release", "dev", "-m", "x", "--quarantined", "0" * 16)
    assert refused.code == 2
    assert f"Quarantined: {bad}" in refused.err
    assert desk.run("release", "dev", "-m", "mended", "--quarantined", bad).code == 0
    assert held(desk.scene).quarantine == ()


def test_a_lost_race_is_tried_again(desk: Desk) -> None:
    push, left = desk.scene.repo.push, [None]

    def lose_once(*given: object) -> object:
        if left:
            left.pop()
            raise Conflict("The branch moved on.")
        return push(*given)  # type: ignore[arg-type]

    desk.scene.repo.push = lose_once  # type: ignore[method-assign, assignment]
    assert desk.run("hold", "dev", "-m", "one").code == 0
    assert len(held(desk.scene).holds) == 1


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\x00b", "two\nlines"])
def test_a_reason_is_needed(desk: Desk, reason: str) -> None:
    tip = desk.scene.repo.tip()
    assert desk.run("hold", "dev", "--reason", reason).code == 2
    assert desk.scene.repo.tip() == tip


def test_a_broken_file_is_not_overwritten(desk: Desk) -> None:
    desk.scene.repo.person_pushes({"dev/holds.yaml": b"holds: 5\n"})
    tip = desk.scene.repo.tip()
    refused = desk.run("hold", "dev", "-m", "one")
    assert refused.code == 3
    assert "dev/holds.yaml:1" in refused.err
    assert desk.scene.repo.tip() == tip


def test_a_hold_is_shown_although_nothing_waits_for_it(desk: Desk) -> None:
    desk.run("hold", "dev", "-m", "month-end")
    assert desk.scene.tick().outcome is Outcome.APPLIED
    assert "Ana <ana@example.com> since" in desk.run("status", "dev").out
    assert desk.json("status", "dev")["held"][0]["reason"] == "month-end"
