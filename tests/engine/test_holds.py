"""Holds, quarantine and suspension, as they are committed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.core.pointer_file import pointer_key
from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Reason
from tests.engine.scene import Scene

HEAD = "apiVersion: reconciler/v1\nkind: Holds\n"
WHO = 'by: Ana, since: "2026-11-21T17:00:00Z", reason: month-end numbers'


def live_and_a_bump(holds: str) -> Scene:
    """1.0.0 is live; 1.1.0 is pushed together with this ``holds.yaml``."""
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.publish("1.1.0", {"one": "A", "two": "b"})
    scene.holds = HEAD + holds
    scene.push("1.1.0")
    return scene


def test_a_hold_lets_nothing_change_until_it_is_lifted() -> None:
    scene = live_and_a_bump(f"holds: [{{{WHO}}}]\n")
    before = scene.running()
    for _ in range(3):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    assert scene.running() == before
    assert scene.reasons.count(Reason.HOLD_ESTABLISHED) == 1
    scene.holds = None
    scene.push("1.1.0", "Release")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before


def test_held_at_a_release_that_one_may_be_gone_to() -> None:
    scene = Scene()
    good = scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "A"})
    scene.holds = f"{HEAD}holds: [{{{WHO}, at: {good.id}}}]\n"
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0", "Again")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == {"one": good.id}


def test_what_somebody_deletes_is_put_back_while_it_is_held() -> None:
    scene = live_and_a_bump(f"holds: [{{{WHO}}}]\n")
    scene.folder.delete(pointer_key("two"), scene.folder.list()[pointer_key("two")])
    scene.tick()
    assert set(scene.running()) == {"one", "two"}


def test_where_it_is_suspended_nothing_is_put_back_either() -> None:
    scene = live_and_a_bump(f"suspended: {{{WHO}}}\n")
    scene.folder.delete(pointer_key("two"), scene.folder.list()[pointer_key("two")])
    before = scene.folder.list()
    for _ in range(3):
        scene.tick()
        scene.clock.advance(60)
    assert scene.folder.list() == before
    assert scene.reasons.count(Reason.SUSPENDED) == 1
    scene.holds = None
    scene.push("1.1.0", "Resume")
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running()) == {"one", "two"}


def test_a_quarantined_release_is_refused_until_it_is_taken_out() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    bad = scene.publish("1.1.0", {"one": "A"})
    scene.holds = f"{HEAD}quarantine: [{{{WHO}, release: {bad.id}}}]\n"
    scene.push("1.1.0")
    before = scene.running()
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.running() == before
    condition = scene.state.conditions[ConditionType.STALLED]
    assert condition.reason is Reason.REVISION_QUARANTINED
    assert f"Release {bad.id} (dags 1.1.0, dbt 1.1.0, libs 1.1.0) is quarantined by Ana" in condition.message
    scene.holds = None
    scene.push("1.1.0", "Lift")
    assert scene.tick().outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("dags", "refused"),
    [
        pytest.param({"one": "A", "two": "b"}, True, id="the same again"),
        pytest.param({"one": "A", "two": "B"}, True, id="another DAG changes besides"),
        pytest.param({"one": "mended", "two": "b"}, False, id="it is mended"),
    ],
)
def test_what_a_quarantined_release_does_is_refused_in_other_versions(
    dags: dict[str, str], refused: bool
) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    bad = scene.publish("1.1.0", {"one": "A", "two": "b"})
    scene.holds = f"{HEAD}quarantine: [{{{WHO}, release: {bad.id}}}]\n"
    again = scene.publish("1.2.0", dags)
    scene.push("1.2.0")
    assert scene.tick().outcome is (Outcome.STALLED if refused else Outcome.APPLIED)
    if refused:
        said = scene.state.conditions[ConditionType.STALLED].message
        assert f"Release {again.id} has one as {bad.id}, which is quarantined by Ana" in said


@pytest.mark.parametrize(
    ("dags", "refused"),
    [
        pytest.param({"one": "A", "two": "z", "three": "c"}, ["one"], id="its fault, and another DAG mended"),
        pytest.param({"one": "mended", "two": "B", "three": "c"}, [], id="it is mended, the rest stays"),
        pytest.param({"one": "a", "two": "B", "three": "C"}, [], id="all but its fault"),
        pytest.param({"two": "B", "three": "c"}, [], id="it is taken out"),
        pytest.param({"one": "mended", "two": "B"}, ["three"], id="what it lost is lost again"),
    ],
)
def test_what_is_to_blame_is_refused_whatever_it_comes_with(dags: dict[str, str], refused: list[str]) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b", "three": "c"})
    bad = scene.publish("1.1.0", {"one": "A", "two": "B"})
    scene.holds = f"{HEAD}quarantine: [{{{WHO}, release: {bad.id}, dags: [one, three, gone]}}]\n"
    again = scene.publish("1.2.0", dags)
    scene.push("1.2.0")
    assert scene.tick().outcome is (Outcome.STALLED if refused else Outcome.APPLIED)
    if refused:
        said = scene.state.conditions[ConditionType.STALLED].message
        assert f"Release {again.id} has {', '.join(refused)} as {bad.id}" in said


def test_a_lost_dag_is_refused_in_other_versions() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    bad = scene.publish("1.1.0", {"one": "a"})
    scene.holds = f"{HEAD}quarantine: [{{{WHO}, release: {bad.id}}}]\n"
    scene.publish("1.2.0", {"one": "z"})
    scene.push("1.2.0")
    assert scene.tick().outcome is Outcome.STALLED
    assert set(scene.running()) == {"one", "two"}


def test_a_holds_file_that_is_wrong_changes_nothing_and_says_where() -> None:
    scene = live_and_a_bump(f"holds: [{{{WHO}, at: yesterday}}]\n")
    assert scene.tick().outcome is Outcome.STALLED
    message = scene.state.conditions[ConditionType.STALLED].message
    assert 'dev/holds.yaml:3: holds[0].at: found "yesterday", expected the id of a release' in message


def half_live(scene: Scene) -> str:
    """1.1.0 is accepted; ``two`` is on it, and ``one``, whose graph changes, waits for a run. Its id."""
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    release = scene.publish("1.1.0", {"one": "wider: a", "two": "B"})
    scene.airflow.set_runs(
        DagRun(dag_id="one", run_id="r", state="running", run_type="scheduled", started_at=None)
    )
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.WAITING
    return release.id


@pytest.mark.parametrize("how", ["quarantine", "suspended", "suspended on a tip that cannot be applied"])
def test_what_is_half_live_goes_no_further(how: str) -> None:
    scene = Scene()
    bad = half_live(scene)
    if how == "quarantine":
        scene.holds = f"{HEAD}quarantine: [{{{WHO}, release: {bad}}}]\n"
    else:
        scene.holds = f"{HEAD}suspended: {{{WHO}}}\n"
    scene.push("6.6.6" if "tip" in how else "1.1.0", "Stop")
    scene.airflow.set_runs()
    before = scene.running()
    for _ in range(3):
        scene.tick()
        scene.clock.advance(60)
    assert scene.running() == before
    assert scene.airflow.pauses == []


def set_back(scene: Scene, revision: str) -> None:
    scene.repo.rewind(revision)


def pushed_over(scene: Scene, revision: str) -> None:
    scene.repo.person_pushes({"notes.md": b"other"}, "Another history", onto=revision)


@pytest.mark.parametrize("move", [set_back, pushed_over])
@pytest.mark.parametrize("held", ["suspended: {%s}", "holds: [{%s}]"])
def test_a_branch_that_is_moved_lifts_nothing(held: str, move: Callable[[Scene, str], None]) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.publish("1.1.0", {"one": "A"})
    bump = scene.push("1.1.0")
    scene.holds = HEAD + held % WHO + "\n"
    stop = scene.push("1.1.0", "Stop")
    assert scene.tick().outcome is Outcome.WAITING
    before, accepted = scene.running(), scene.state.accepted
    assert accepted is not None
    move(scene, bump)
    for _ in range(2):
        assert scene.tick().outcome is Outcome.STALLED
        scene.clock.advance(60)
    assert scene.state.conditions[ConditionType.STALLED].reason is Reason.REVISION_NOT_DESCENDANT
    assert scene.running() == before
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.holds == accepted.desired.holds

    scene.repo.person_pushes({"dev/holds.yaml": None}, "Go on", onto=stop)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before


def test_a_branch_that_was_moved_holds_what_is_held_on_it() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    first = scene.repo.tip()
    scene.holds = f"{HEAD}holds: [{{{WHO}}}]\n"
    scene.push("1.0.0", "Hold")
    assert scene.tick().outcome is Outcome.APPLIED
    stop = f"{HEAD}suspended: {{{WHO}}}\n".encode()
    scene.repo.person_pushes({"dev/holds.yaml": stop}, "Stop", onto=first)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.state.accepted is not None
    held = scene.state.accepted.desired.holds
    assert (held.suspended is not None, len(held.holds)) == (True, 1)
    scene.folder.delete(pointer_key("one"), scene.folder.list()[pointer_key("one")])
    scene.tick()
    assert scene.running() == {}


def test_a_hold_costs_no_waiting_in_each_tick() -> None:
    scene = live_and_a_bump(f"holds: [{{{WHO}}}]\n")
    scene.tick()
    began = scene.clock.now()
    scene.tick()
    assert (scene.clock.now() - began).total_seconds() < 1


def test_nobody_is_told_that_something_is_put_back_where_it_is_suspended() -> None:
    scene = live_and_a_bump(f"suspended: {{{WHO}}}\n")
    scene.folder.delete(pointer_key("two"), scene.folder.list()[pointer_key("two")])
    scene.tick()
    assert Reason.DRIFT_DETECTED not in scene.reasons


def test_the_refusal_names_who_is_to_blame_and_how_to_lift_it() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    bad = scene.publish("1.1.0", {"one": "A"})
    scene.holds = f"{HEAD}quarantine: [{{{WHO}, release: {bad.id}, dags: [one]}}]\n"
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.STALLED
    said = scene.state.conditions[ConditionType.STALLED].message
    lift = f'`reconciler release dev --quarantined {bad.id} --reason "<why>"`'
    assert said.endswith(f". To blame: one. Name other versions; if it was not to blame: {lift}.")
