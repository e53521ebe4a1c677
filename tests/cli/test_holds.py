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


def test_a_release_is_quarantined_by_hand_and_then_refused(desk: Desk) -> None:
    scene = desk.scene
    bad = scene.publish("1.1.0", {"films": "two"}).id
    said = desk.run("hold", "dev", "--quarantine", bad, "-m", "it loses rows")
    assert said.code == 0, said.err
    (one,) = held(scene).quarantine
    assert (one.release, one.by, one.reason) == (bad, "Ana <ana@example.com>", "it loses rows")
    assert desk.json("hold", "dev", "--quarantine", bad, "-m", "again")["commit"] is None
    before = scene.running()
    bump(scene)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.running() == before
    assert desk.run("release", "dev", "--quarantined", bad, "-m", "mended").code == 0
    assert scene.tick().outcome is Outcome.APPLIED


def test_what_waits_can_be_quarantined_but_not_what_runs(desk: Desk) -> None:
    scene = desk.scene
    live = scene.state.live["films"].pointer.release
    tip = scene.repo.tip()
    refused = desk.run("hold", "dev", "--quarantine", live, "-m", "bad")
    assert refused.code == 2
    assert f"Release {live} is what dev runs" in refused.err
    assert "`reconciler rollback dev`" in refused.err
    assert scene.repo.tip() == tip

    desk.run("hold", "dev", "-m", "wait")
    bump(scene)
    waits = scene.publish("1.1.0", {"films": "two"}).id
    assert desk.run("hold", "dev", "--quarantine", waits, "-m", "bad").code == 0
    desk.run("release", "dev", "-m", "go on")
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.running() == {"films": live}


def test_what_runs_is_not_quarantined_while_the_tip_is_refused(desk: Desk) -> None:
    scene = desk.scene
    live = scene.state.live["films"].pointer.release
    bad = scene.publish("1.1.0", {"films": "two"}).id
    assert desk.run("hold", "dev", "--quarantine", bad, "-m", "bad").code == 0
    scene.tick()
    bump(scene)
    assert scene.tick().outcome is Outcome.STALLED
    tip = scene.repo.tip()

    refused = desk.run("hold", "dev", "--quarantine", live, "-m", "bad")

    assert (refused.code, scene.repo.tip()) == (2, tip)
    assert f"Release {live} is what dev runs" in refused.err


def test_what_is_left_by_a_rollback_can_be_quarantined_at_once(desk: Desk) -> None:
    scene = desk.scene
    bump(scene)
    scene.tick()
    bad = scene.state.live["films"].pointer.release
    assert desk.run("rollback", "dev", "--yes").code == 0
    assert desk.run("hold", "dev", "--quarantine", bad, "-m", "bad").code == 0
    assert scene.tick().outcome is Outcome.APPLIED
    assert bad not in scene.running().values()


@pytest.mark.parametrize("release", ["yesterday", "0" * 16, "../x"])
def test_only_a_release_that_exists_is_quarantined(desk: Desk, release: str) -> None:
    refused = desk.run("hold", "dev", "--quarantine", release, "-m", "x")
    assert refused.code == 2
    assert f"There is no release {release!r}" in refused.err


@pytest.mark.parametrize("other", ["--dag", "--at"])
def test_one_decision_at_a_time(desk: Desk, other: str) -> None:
    assert desk.run("hold", "dev", "--quarantine", "0" * 16, other, "films", "-m", "x").code == 2


def test_each_says_what_it_did_and_what_helps_next(desk: Desk) -> None:
    bad = desk.scene.publish("1.1.0", {"films": "two"}).id
    acts = [
        ("hold", [], "dev is held: nothing changes there.", "release dev -m"),
        ("release", [], "The holds of dev are lifted", "wait dev"),
        ("hold", ["--at", bad], f"nothing changes there but to release {bad}.", "release dev -m"),
        (
            "hold",
            ["--dag", "films"],
            "films is pinned to the release that it runs",
            "release dev --dag films",
        ),
        ("release", ["--dag", "films"], "The pin of films is lifted", "wait dev"),
        ("hold", ["--quarantine", bad], f"Release {bad} is quarantined", f"release dev --quarantined {bad}"),
        ("release", ["--quarantined", bad], f"The quarantine of release {bad} is lifted", "plan dev"),
        ("suspend", [], "dev is suspended: nothing is done there", "resume dev -m"),
        ("resume", [], "dev is resumed", "wait dev"),
    ]
    for command, options, done, then in acts:
        first, second = desk.run(command, "dev", *options, "-m", "why").out.splitlines()
        assert first.startswith(f"✓ Pushed {desk.scene.repo.tip()[:10]}. ")
        assert done in first
        assert f"with: reconciler {then}" in second


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
