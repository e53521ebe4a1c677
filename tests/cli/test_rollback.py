"""``rollback`` makes one commit that restores the pointer, and applies nothing."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.engine.world import Outcome
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Phase
from tests.cli.desk import PERSON, Desk
from tests.engine import approving


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """1.0.0 was deployed, then 1.1.0."""
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.1.0")
    desk.scene.tick()
    return desk


def _pointer(desk: Desk, revision: str | None = None) -> str:
    files = desk.scene.repo.files(revision or desk.scene.repo.tip())
    return parse_desired(files, "dev").pointer.components[Component.DAGS].version


def test_the_version_before_is_restored_in_one_commit(desk: Desk) -> None:
    tip, first = desk.scene.repo.tip(), desk.scene.store.operations("dev", 9)[-1].revision

    document = desk.json("rollback", "dev", "--yes")

    assert _pointer(desk) == "1.0.0"
    assert document["commit"] == desk.scene.repo.tip()
    assert document["restores"] == first
    assert [commit.sha for commit in desk.scene.repo.log(desk.scene.repo.tip(), ".", 2)] == [
        document["commit"],
        tip,
    ]
    commit = desk.scene.repo.commit(document["commit"])
    assert commit.subject == "Roll back dev to dags 1.0.0, dbt 1.0.0, libs 1.0.0"
    assert desk.platform.committed_by == [PERSON]


def test_nothing_is_applied_from_here(desk: Desk) -> None:
    before, files = desk.scene.state, desk.scene.folder.list()

    desk.run("rollback", "dev", "--yes")

    assert (desk.scene.state, desk.scene.folder.list()) == (before, files)
    desk.scene.tick()
    assert desk.scene.state.operation is not None
    assert desk.scene.state.operation.versions["dags"] == "1.0.0"


def test_the_message_tells_what_it_restores(desk: Desk) -> None:
    pushed: list[str] = []
    push = desk.scene.repo.push
    desk.scene.repo.push = lambda base, files, message: (pushed.append(message), push(base, files, message))[
        1
    ]  # type: ignore[method-assign]

    first = desk.scene.store.operations("dev", 9)[-1].revision
    desk.run("rollback", "dev", "--yes")

    assert pushed == [f"Roll back dev to dags 1.0.0, dbt 1.0.0, libs 1.0.0\n\nRestores: {first}\n"]


def test_the_difference_is_shown_before_the_question(desk: Desk) -> None:
    desk.interactive = True
    tip = desk.scene.repo.tip()

    answer = desk.run("rollback", "dev", stdin="n\n")

    assert "-  dags: {version: 1.1.0}" in answer.out
    assert "+  dags: {version: 1.0.0}" in answer.out
    assert "Roll dev back to dags 1.0.0, dbt 1.0.0, libs 1.0.0?" in answer.err
    assert answer.code == 130
    assert desk.scene.repo.tip() == tip


def test_yes_to_the_question(desk: Desk) -> None:
    desk.interactive = True

    answer = desk.run("rollback", "dev", stdin="y\n")

    assert answer.code == 0
    assert f"reconciler wait dev --revision {desk.scene.repo.tip()[:10]}" in answer.out
    assert _pointer(desk) == "1.0.0"


def test_without_anybody_to_ask_it_refuses(desk: Desk) -> None:
    tip = desk.scene.repo.tip()

    answer = desk.run("rollback", "dev")

    assert answer.code == 2
    assert "give --yes" in answer.err
    assert "-  dags: {version: 1.1.0}" in answer.out
    assert desk.scene.repo.tip() == tip


def test_a_failed_release_is_rolled_back_to_the_last_good_one(desk: Desk) -> None:
    desk.scene.publish("1.2.0", {"films": "three"})
    desk.scene.push("1.2.0")
    desk.scene.airflow.unparsed.add("films")
    desk.scene.tick()
    assert desk.scene.state.operation is not None
    assert desk.scene.state.operation.phase is Phase.FAILED

    desk.run("rollback", "dev", "--yes")

    assert _pointer(desk) == "1.1.0"


def test_a_tip_that_never_began_is_rolled_back_to_what_runs(desk: Desk) -> None:
    desk.scene.push("6.6.6")
    desk.scene.tick()

    desk.run("rollback", "dev", "--yes")

    assert _pointer(desk) == "1.1.0"


def test_a_pointer_that_cannot_be_read_is_rolled_back(desk: Desk) -> None:
    desk.scene.repo.person_pushes({"dev/pointer.yaml": b"{"})

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 0
    assert _pointer(desk) == "1.1.0"


@pytest.mark.parametrize("how", ["attempt", "revision", "short"])
def test_to_names_an_attempt_or_a_commit(desk: Desk, how: str) -> None:
    desk.scene.publish("1.2.0", {"films": "three"})
    desk.scene.push("1.2.0")
    desk.scene.tick()
    first = desk.scene.store.operations("dev", 9)[-1].revision
    to = {"attempt": "1", "revision": first, "short": first[:8]}[how]

    assert desk.run("rollback", "dev", "--to", to, "--yes").code == 0
    assert _pointer(desk) == "1.0.0"


def test_an_attempt_that_was_never_made(desk: Desk) -> None:
    answer = desk.run("rollback", "dev", "--to", "77", "--yes")

    assert answer.code == 2
    assert "dev has no attempt 77" in answer.err


def test_what_the_tip_says_already_makes_no_commit(desk: Desk) -> None:
    tip = desk.scene.repo.tip()

    document = desk.json("rollback", "dev", "--to", tip, "--yes")

    assert document["commit"] is None
    assert desk.scene.repo.tip() == tip


def test_with_nothing_to_go_back_to() -> None:
    desk = Desk()
    desk.scene.deploy("1.0.0", {"films": "one"})

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 3
    assert "dev ran nothing else successfully" in answer.err


def test_what_was_rolled_back_is_not_gone_back_to(desk: Desk) -> None:
    assert desk.run("rollback", "dev", "--yes").code == 0
    desk.scene.tick()
    assert desk.scene.state.condemned

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 3
    assert "that was not rolled back" in answer.err
    assert _pointer(desk) == "1.0.0"


def test_a_branch_that_cannot_be_applied_gets_no_commit(desk: Desk) -> None:
    first = desk.scene.store.operations("dev", 9)[-1].revision
    files = desk.scene.repo.files(first)
    rewritten = desk.scene.repo.person_pushes(dict(files), "Rewrite", onto=first)

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 3
    assert "does not descend from" in answer.err
    assert desk.scene.repo.tip() == rewritten


def test_what_cannot_be_deployed_is_not_committed(desk: Desk) -> None:
    bad = desk.scene.push("6.6.6")
    tip = desk.scene.push("1.1.0")

    answer = desk.run("rollback", "dev", "--to", bad, "--yes")

    assert answer.code == 3
    assert "dags 6.6.6 was never published" in answer.err
    assert desk.scene.repo.tip() == tip


def test_a_lost_race_is_planned_again(desk: Desk) -> None:
    _lose_races(desk, 2)

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 0
    assert answer.err.count("Somebody pushed in between") == 2
    assert _pointer(desk) == "1.0.0"
    assert desk.scene.repo.files(desk.scene.repo.tip())["notes-2.txt"] == b"hello"


def test_people_are_asked_again_only_about_what_they_have_not_seen(desk: Desk) -> None:
    desk.interactive = True
    _lose_races(desk, 1)

    answer = desk.run("rollback", "dev", stdin="y\n")

    assert answer.code == 0
    assert answer.err.count("?") == 1


def test_a_race_lost_three_times_is_a_conflict(desk: Desk) -> None:
    _lose_races(desk, 3)

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 6
    assert "has moved on" in answer.err
    assert _pointer(desk) == "1.1.0"


def test_a_caller_whom_git_does_not_know(desk: Desk) -> None:
    desk.platform.caller = Terminal(
        "Git does not know your email.", "Run `git config --global user.email …`."
    )

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 3
    assert "→ Run `git config" in answer.err


def _lose_races(desk: Desk, times: int) -> None:
    """Somebody else pushes something else just before each of the next pushes."""
    repo = desk.scene.repo
    push, left = repo.push, list(range(1, times + 1))

    def late(base: str, files: dict[str, bytes], message: str) -> object:
        if left:
            repo.person_pushes({f"notes-{left.pop(0)}.txt": b"hello"})
        return push(base, files, message)

    repo.push = late  # type: ignore[method-assign,assignment]


@pytest.fixture
def asking() -> Desk:
    """1.1.0 is live where changes need approval; rules that nobody has approved are on the tip."""
    desk = Desk()
    scene = desk.scene = desk.platform.scene = approving.live()
    scene.push("1.1.0")
    approving.approve(scene)
    scene.tick()
    scene.environment += b"  missedRuns: create\n"
    scene.push("1.1.0", "Other rules")
    scene.tick()
    return desk


def test_it_is_made_followed_and_told_while_other_rules_wait(asking: Desk) -> None:
    bad, rules = asking.scene.running(), asking.scene.state.accepted

    said = asking.run("rollback", "dev", "--yes").out
    plan = asking.json("plan", "dev")
    shown = asking.run("plan", "dev").out

    assert f"reconciler wait dev --revision {asking.scene.repo.tip()[:10]}" in said
    assert [step["kind"] for step in plan["steps"]]
    assert [one["gate"] for one in plan["rulesWait"]] == ["approval"]
    assert "its other rules do: Waits for the approval of 1 person" in shown
    assert asking.scene.tick().outcome is Outcome.WAITING
    assert asking.scene.running() != bad
    assert rules is not None
    assert asking.scene.state.applied is not None
    assert asking.scene.state.applied.desired.environment == rules.desired.environment
    document = asking.json("wait", "dev", "--timeout", "5")
    assert document["rulesWait"].startswith("Waits for the approval")
    assert "Its other rules are not in force yet" in asking.run("wait", "dev", "--timeout", "5").out


def test_that_it_is_live_is_known_after_something_was_put_back_too(asking: Desk) -> None:
    asking.run("rollback", "dev", "--yes")
    asking.scene.tick()
    asking.scene.folder.tamper("one.py", b"# mine\n")
    asking.scene.tick()

    assert asking.run("wait", "dev", "--timeout", "5").code == 0


def test_the_rules_are_in_force_when_they_are_approved(asking: Desk) -> None:
    asking.run("rollback", "dev", "--yes")
    asking.scene.tick()
    approving.approve(asking.scene)
    assert asking.scene.tick().outcome is Outcome.APPLIED

    assert asking.json("wait", "dev")["rulesWait"] is None


def test_what_may_not_be_begun_is_told_instead_of_a_wait_that_does_not_end(asking: Desk) -> None:
    asking.run("rollback", "dev", "--yes")
    asking.scene.tick()

    said = asking.run("rollback", "dev", "--to", "2", "--yes").out

    assert "Nothing of it is begun before this: Waits for the approval of 1 person" in said
    assert "reconciler status dev" in said
    assert "reconciler wait" not in said


def test_under_a_hold_nothing_is_pushed_and_it_says_what_to_do_first(desk: Desk) -> None:
    assert desk.run("hold", "dev", "-m", "a look at it").code == 0
    tip = desk.scene.repo.tip()

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 3
    assert "dev is held by Ana <ana@example.com> since" in answer.err
    assert "a look at it. A rollback would wait" in answer.err
    assert 'First `reconciler release dev --reason "<why>"`' in answer.err
    assert desk.scene.repo.tip() == tip

    assert desk.run("release", "dev", "--reason", "looked").code == 0
    assert desk.run("rollback", "dev", "--yes").code == 0
    desk.scene.tick()
    assert desk.scene.state.applied is not None
    assert desk.scene.state.applied.release == desk.scene.store.operations("dev", 9)[-1].release


def test_the_release_that_it_is_held_at_may_be_gone_back_to(desk: Desk) -> None:
    first = desk.scene.store.operations("dev", 9)[-1].release
    assert desk.run("hold", "dev", "-m", "go back", "--at", first).code == 0

    assert desk.run("rollback", "dev", "--yes").code == 0


def test_where_it_is_suspended_nothing_is_pushed(desk: Desk) -> None:
    assert desk.run("suspend", "dev", "-m", "Airflow is moved").code == 0
    tip = desk.scene.repo.tip()

    answer = desk.run("rollback", "dev", "--yes")

    assert answer.code == 3
    assert "dev is suspended by Ana" in answer.err
    assert 'First `reconciler resume dev --reason "<why>"`' in answer.err
    assert desk.scene.repo.tip() == tip


def test_what_waits_for_a_hold_may_be_taken_back_under_it(desk: Desk) -> None:
    assert desk.run("hold", "dev", "-m", "month-end").code == 0
    desk.scene.publish("1.2.0", {"films": "three"})
    files = desk.scene.repo.files(desk.scene.repo.tip())
    path = "dev/pointer.yaml"
    desk.scene.repo.person_pushes({path: files[path].replace(b"1.1.0", b"1.2.0")}, "Bump")
    desk.scene.tick()

    assert desk.run("rollback", "dev", "--yes").code == 0
    assert _pointer(desk) == "1.1.0"


def test_a_dag_that_is_pinned_to_what_is_taken_back_goes_back_too(desk: Desk) -> None:
    assert desk.run("hold", "dev", "--dag", "films", "-m", "under repair").code == 0
    desk.scene.tick()

    assert desk.run("rollback", "dev", "--yes").code == 0
    desk.scene.tick()
    assert set(desk.scene.running().values()) == {desk.scene.store.operations("dev", 9)[-1].release}
