"""Approving: who may puts their name to a change, and sees first what it is."""

from __future__ import annotations

import pytest

from reconciler.cli.platform import Person
from reconciler.engine.world import Outcome
from tests.cli.desk import Desk
from tests.engine.approving import ASKS, BEN, ROLES, approve
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, pointer_yaml
from tests.signers import signers


@pytest.fixture
def desk() -> Desk:
    """Ana's 1.1.0 waits in dev for somebody's approval, and Ben sits at the desk."""
    desk = Desk()
    scene = desk.scene
    scene.shared, scene.environment = RECONCILER_YAML + ROLES, ENVIRONMENT_YAML + ASKS
    scene.signers = signers("ana@example.com", "ben@example.com", "dan@example.com")
    scene.publish("1.0.0", {"films": "one"})
    scene.push("1.0.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.publish("1.1.0", {"films": "two"}, parent="1.0.0")
    scene.push("1.1.0")
    desk.platform.caller = Person(BEN.name, BEN.email)
    return desk


def test_what_is_approved_is_shown_and_then_goes_live(desk: Desk) -> None:
    desk.interactive = True
    said = desk.run("approve", "dev", stdin="y\n")
    assert said.code == 0, said.err
    assert "from     dags 1.0.0, dbt 1.0.0, libs 1.0.0" in said.out
    assert "to       dags 1.1.0, dbt 1.1.0, libs 1.1.0" in said.out
    assert "rules    as they are" in said.out
    assert "Ana <ana@example.com>" in said.out
    assert "Approved by ben@example.com" in said.out
    assert desk.scene.tick().outcome is Outcome.APPLIED


def test_who_may_lose_runs_is_shown_and_wanted(desk: Desk) -> None:
    desk.scene.repo.person_pushes({"dev/pointer.yaml": pointer_yaml("1.0.0") + b"losesRuns: [films]\n"})
    desk.interactive = True
    said = desk.run("approve", "dev", stdin="n\n")
    assert "loses    runs by a new schedule: films" in said.out
    assert "May lose runs" in desk.run("status", "dev").out
    assert desk.json("status", "dev")["wanted"]["losesRuns"] == ["films"]


def test_the_document_names_the_tag(desk: Desk) -> None:
    tip = desk.scene.repo.tip()
    document = desk.json("approve", "dev", tip[:10], "--yes")
    assert document["tag"] == f"approval/dev/{tip}/ben@example.com"
    assert document["tag"] in desk.scene.repo.tags
    assert desk.json("approve", "dev", "--yes")["commit"] == tip


def test_no_is_an_answer(desk: Desk) -> None:
    desk.interactive = True
    before = dict(desk.scene.repo.tags)
    assert desk.run("approve", "dev", stdin="n\n").code != 0
    assert desk.run("approve", "dev", stdin="").code != 0
    desk.interactive = False
    said = desk.run("approve", "dev")
    assert said.code == 2
    assert "--yes" in said.err
    assert desk.scene.repo.tags == before


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        (Person("Ana", "ana@example.com"), "nobody approves what they made themselves"),
        (Person("Dan", "dan@example.com"), "one of the roles release-manager"),
        (Person("Eve", "eve@example.com"), "one of the roles release-manager"),
    ],
)
def test_who_may_not_is_told_before_anything_is_signed(desk: Desk, caller: Person, why: str) -> None:
    desk.platform.caller = caller
    before = dict(desk.scene.repo.tags)
    said = desk.run("approve", "dev", "--yes")
    assert said.code != 0
    assert why in said.err
    assert desk.scene.repo.tags == before


def test_who_may_not_is_told_who_may(desk: Desk) -> None:
    desk.platform.caller = Person("Ana", "ana@example.com")
    assert "→ ben@example.com can give it." in desk.run("approve", "dev", "--yes").err
    urgent = desk.run("approve", "dev", "--yes", "--break-glass", "it is late")
    assert "→ In an emergency dan@example.com may: `reconciler approve dev --break-glass" in urgent.err
    desk.scene.publish("1.2.0", {"films": "three"}, parent="1.1.0", authors=("Ben <ben@example.com>",))
    desk.scene.push("1.2.0")
    assert (
        "→ Nobody is left who can: ana@example.com, ben@example.com had"
        in desk.run("approve", "dev", "--yes").err
    )


def test_what_was_accepted_already_does_not_wait(desk: Desk) -> None:
    scene = desk.scene
    old, live = scene.repo.log(scene.repo.tip(), ".", 9)[-1].sha, scene.repo.tip()
    desk.run("approve", "dev", "--yes")
    scene.tick()
    scene.repo.person_pushes({"notes.md": b"x"}, "Notes")
    scene.tick()
    said = desk.run("approve", "dev", live, "--yes")
    assert said.code == 3
    assert f"Nothing of commit {live[:10]} by Ana <ana@example.com> (Bump) waits any more" in said.err
    said = desk.run("approve", "dev", old, "--yes")
    assert said.code == 3
    assert (
        f"{old[:10]} by Ana <ana@example.com> (Bump) is superseded in dev by {live[:10]} by Ana" in said.err
    )
    assert f"reconciler rollback dev --to {old[:10]}" in said.err
    assert "rewritten" not in said.err


def test_what_the_tip_does_not_ask_for_is_not_approved(desk: Desk) -> None:
    scene, before = desk.scene, dict(desk.scene.repo.tags)
    old = scene.repo.tip()
    scene.publish("1.2.0", {"films": "three"}, parent="1.1.0")
    tip = scene.push("1.2.0", "Bump dags to 1.2.0")
    said = desk.run("approve", "dev", old, "--yes")
    assert said.code == 3
    assert f"is superseded by {tip[:10]} by Ana <ana@example.com> (Bump dags to 1.2.0)" in said.err
    scene.repo.rewind(old)
    said = desk.run("approve", "dev", tip, "--yes")
    assert f"is not on the branch, whose tip is {old[:10]}" in said.err
    assert scene.repo.tags == before


def test_a_branch_that_was_set_back_is_not_taken_for_an_older_commit(desk: Desk) -> None:
    old = desk.scene.repo.log(desk.scene.repo.tip(), ".", 9)[-1].sha
    desk.run("approve", "dev", "--yes")
    desk.scene.tick()
    desk.scene.repo.rewind(old)
    for commit in ("tip", old):
        assert "its history was rewritten" in desk.run("approve", "dev", commit, "--yes").err


def test_an_older_commit_that_asks_for_the_same_is_approved(desk: Desk) -> None:
    old = desk.scene.repo.tip()
    desk.scene.repo.person_pushes({"notes.md": b"x"}, "Notes")
    assert desk.run("approve", "dev", old, "--yes").code == 0
    assert desk.scene.tick().outcome is Outcome.APPLIED


def test_a_key_that_is_not_ones_own_is_told(desk: Desk) -> None:
    for key in ("eve@example.com", "ana@example.com"):
        desk.platform.key = key
        said = desk.run("approve", "dev", "--yes")
        assert said.code != 0
        assert "does not count" in said.err
        assert desk.scene.tick().outcome is Outcome.WAITING


def test_where_nothing_has_to_be_approved_nothing_is_signed(desk: Desk) -> None:
    desk.run("approve", "dev", "--yes")
    desk.scene.tick()
    before = dict(desk.scene.repo.tags)
    document = desk.json("approve", "dev", "--yes")
    assert document["tag"] is None
    assert "Nothing changes" in document["message"]
    assert desk.scene.repo.tags == before


def test_the_glass_is_broken_with_a_reason(desk: Desk) -> None:
    desk.platform.caller = Person("Dan", "dan@example.com")
    for reason in ("", " ", "a\nb", "x" * 501):
        assert desk.run("approve", "dev", "--yes", "--break-glass", reason).code == 2
    said = desk.run("approve", "dev", "--yes", "--break-glass", "the ledger is wrong")
    assert said.code == 0, said.err
    assert "broke the glass for dev: the ledger is wrong" in said.out
    assert desk.scene.tick().outcome is Outcome.APPLIED


def test_no_approval_opens_a_freeze(desk: Desk) -> None:
    scene = desk.scene
    scene.push("1.0.0", "Back to what runs")
    freeze = b"  windows: {freeze: [{name: audit, start: 2026-01-01T00:00:00, hours: 8784}]}\n"
    scene.environment += freeze
    scene.push("1.0.0", "Freeze")
    approve(scene)
    scene.tick()
    scene.push("1.1.0")
    approve(scene)
    scene.tick()
    desk.platform.caller = Person("Dan", "dan@example.com")
    said = desk.run("approve", "dev", "--break-glass", "the ledger is wrong", "--yes")
    assert "What it waits for, no approval opens: The freeze audit is on" in said.out


def test_of_the_first_commit_all_rules_are_shown() -> None:
    desk = Desk()
    scene = desk.scene
    scene.shared, scene.environment = RECONCILER_YAML + ROLES, ENVIRONMENT_YAML + ASKS
    scene.signers = signers("ana@example.com", "ben@example.com", "dan@example.com")
    scene.publish("1.0.0", {"films": "one"})
    scene.push("1.0.0")
    desk.platform.caller = Person(BEN.name, BEN.email)
    said = desk.run("approve", "dev", "--yes")
    assert said.code == 0, said.err
    for line in (ENVIRONMENT_YAML + ASKS).decode().splitlines():
        assert f"+{line}" in said.out


def test_plan_and_status_say_what_is_waited_for(desk: Desk) -> None:
    gates = {gate["gate"]: gate for gate in desk.json("plan", "dev")["verdicts"]}
    assert gates["approval"]["decision"] == "wait"
    assert desk.scene.tick().outcome is Outcome.WAITING
    status = desk.run("status", "dev").out
    assert "Admitted False" in status
    assert "wait approval" in " ".join(status.split("Gates")[1].split())


def test_other_rules_are_shown_to_who_approves_them_and_by_plan(desk: Desk) -> None:
    scene = desk.scene
    scene.push("1.0.0", "Back to what runs")
    loosened = scene.environment.replace(b"required: 1", b"required: 0")
    scene.repo.person_pushes({"dev/environment.yaml": loosened}, "Loosen")
    scene.tick()
    old, new = ("-  approval: {required: 1", "+  approval: {required: 0")
    said = desk.run("plan", "dev")
    assert old in said.out and new in said.out  # noqa: PT018
    assert "nothing to do" not in said.out
    assert "Waits for the approval" in said.out
    assert desk.run("plan", "dev", "--detailed-exitcode").code == 10
    approving = desk.run("approve", "dev", "--yes")
    assert approving.code == 0, approving.err
    assert "CHANGE TOO" in approving.out
    assert old in approving.out and new in approving.out  # noqa: PT018
    assert any(new in line for line in desk.json("approve", "dev", "--yes")["rules"])


def test_plan_asks_no_airflow_that_nobody_approved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, target = list[str](), desk.scene._target
    monkeypatch.setattr(desk.scene, "_target", lambda one: asked.append(str(one.airflow.api)) or target(one))
    evil = desk.scene.environment.replace(b"127.0.0.1:8080", b"evil.example.com")
    desk.scene.repo.person_pushes({"dev/environment.yaml": evil}, "Elsewhere")
    assert "evil.example.com" in desk.run("plan", "dev").out
    assert asked
    assert not any("evil" in one for one in asked)


def test_wait_says_who_is_waited_for(desk: Desk) -> None:
    desk.scene.tick()
    said = desk.run("wait", "dev", "--timeout", "5")
    assert said.code == 4
    assert "Waits for the approval of 1 person with the role release-manager" in said.err
