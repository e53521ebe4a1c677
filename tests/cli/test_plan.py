"""``plan`` shows what a tick would do, and does nothing."""

from __future__ import annotations

from reconciler.model.observation import DagRun
from reconciler.model.reason import TriggeredBy
from tests.builders import EACH_MINUTE
from tests.cli.desk import Desk


def _bumped(desk: Desk) -> str:
    desk.scene.deploy("1.0.0", {"films": "one", "sales": "same", "old": "x"})
    desk.scene.clock.advance(600)
    desk.scene.publish("1.1.0", {"films": "two", "sales": "same", "new": "y"})
    return desk.scene.push("1.1.0")


def test_each_change_says_what_from_where_to_where_and_why(desk: Desk) -> None:
    tip = _bumped(desk)
    before = desk.scene.state.live["films"].pointer.release

    answer = desk.run("plan", "dev")

    assert answer.code == 0
    rows = [line.split() for line in answer.out.splitlines()]
    films = next(row for row in rows if row[:2] == ["update", "films"])
    assert films[2:4] == ["pinned", before]
    assert "dags 1.0.0 → 1.1.0" in " ".join(films)
    assert next(row for row in rows if row[:2] == ["add", "new"])
    assert next(row for row in rows if row[:2] == ["remove", "old"])
    assert not [row for row in rows if row[1:2] == ["sales"]]
    assert "untouched: 1 DAGs keep their files (sales)" in answer.out
    assert "pinned: Live at once" in answer.out
    assert tip[:10] in answer.out


def test_gates_and_steps_are_shown(desk: Desk) -> None:
    _bumped(desk)
    desk.scene.publish("1.2.0", {"films": "wider: two", "sales": "same", "new": "y"})
    desk.scene.push("1.2.0")
    run = DagRun(dag_id="films", run_id="r1", state="running", run_type="scheduled", started_at=None)
    desk.scene.airflow.set_runs(run)

    out = desk.run("plan", "dev").out

    assert "wait" in out
    assert "in-flight" in out
    assert "films (r1) waits for runs in flight" in out
    assert "drained: Waits until" in out
    assert "wider" in out
    assert "PutRelease" in out
    flips = next(line for line in out.splitlines() if "FlipBatch" in line)
    assert "films" not in flips


def test_the_document_is_the_plan_that_a_tick_runs(desk: Desk) -> None:
    tip = _bumped(desk)

    document = desk.json("plan", "dev")
    desk.scene.tick()

    assert document["revision"] == tip
    assert document["changed"] is True
    assert {change["dagId"]: change["action"] for change in document["changes"]} == {
        "films": "update",
        "new": "add",
        "old": "remove",
    }
    assert all(change["cause"] for change in document["changes"])
    assert {change["dagId"]: change.get("changeClass") for change in document["changes"]}["films"] == "pinned"
    assert document["untouched"] == ["sales"]
    operation = desk.scene.state.operation
    assert operation is not None
    assert document["digest"] == operation.plan_digest


def test_nothing_is_changed_by_looking(desk: Desk) -> None:
    _bumped(desk)
    before, files = desk.scene.state, desk.scene.folder.list()

    desk.run("plan", "dev")

    assert (desk.scene.state, desk.scene.folder.list()) == (before, files)
    assert desk.scene.store.calls["acquire"] == 1  # the tick's


def test_nothing_to_do_is_said(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    answer = desk.run("plan", "dev", "--detailed-exitcode")

    assert answer.code == 0
    assert "nothing to do" in answer.out


def test_detailed_exit_code_tells_changes(desk: Desk) -> None:
    _bumped(desk)

    assert desk.run("plan", "dev").code == 0
    assert desk.run("plan", "dev", "--detailed-exitcode").code == 10
    assert desk.run("diff", "dev", "--detailed-exitcode").code == 10


def test_drift_is_shown_as_healing(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.folder.tamper("films.py", b"# mine\n")

    out = desk.run("plan", "dev").out

    assert "heal" in out
    assert "changed or deleted by somebody else" in out


def test_another_pushed_revision_can_be_planned(desk: Desk) -> None:
    first = _bumped(desk)
    desk.scene.publish("1.2.0", {"films": "three"})
    desk.scene.push("1.2.0")

    document = desk.json("plan", "dev", "--revision", first[:8])

    assert document["revision"] == first
    assert document["versions"]["dags"] == "1.1.0"


def test_a_revision_that_nobody_pushed(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})

    short = desk.run("plan", "dev", "--revision", "deadbeef")
    full = desk.run("plan", "dev", "--revision", "d" * 40)
    nonsense = desk.run("plan", "dev", "--revision", "the-new-one")

    assert (short.code, full.code, nonsense.code) == (2, 3, 2)
    assert "it has to be pushed" in short.err
    assert "is not on top of" in full.err
    assert "'the-new-one' is not a commit" in nonsense.err


def test_a_combination_that_is_not_sealed_names_the_command(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.push("9.9.9")

    answer = desk.run("plan", "dev")

    assert answer.code == 3
    assert "dags 9.9.9 was never published" in answer.err
    assert "→ Publish it with `reconciler publish`" in answer.err


def test_the_first_plan_of_all(desk: Desk) -> None:
    desk.scene.publish("1.0.0", {"films": "one"})
    desk.scene.push("1.0.0")

    assert [change["action"] for change in desk.json("plan", "dev")["changes"]] == ["add"]
    desk.scene.tick(TriggeredBy.MANUAL)
    assert desk.json("plan", "dev")["changed"] is False


def test_an_older_commit_cannot_be_gone_to(desk: Desk) -> None:
    first = desk.scene.push("1.0.0")
    desk.scene.deploy("1.1.0", {"films": "one"})

    answer = desk.run("plan", "dev", "--revision", first)

    assert answer.code == 3
    assert f"Commit {first[:10]} is not on top of" in answer.err
    assert "→ Plan a later commit; to go back, see `reconciler rollback dev`." in answer.err


def test_a_tip_whose_history_was_rewritten(desk: Desk) -> None:
    first = desk.scene.push("1.0.0")
    desk.scene.deploy("1.1.0", {"films": "one"})
    desk.scene.repo.rewind(first)

    answer = desk.run("plan", "dev")

    assert answer.code == 3
    assert "its history was rewritten" in answer.err


def test_it_says_which_runs_a_changed_calendar_takes_and_adds() -> None:
    desk = Desk()
    desk.scene.calendar = EACH_MINUTE | {"timetable expression": '"0 5 * * *"'}
    desk.scene.deploy("1.0.0", {"films": "load: one", "loads": "load: x"})
    desk.scene.calendar = EACH_MINUTE | {"timetable expression": '"0 5 * * 1-5"'}
    desk.scene.publish("1.1.0", {"films": "load: two", "loads": "load: x"})
    desk.scene.push("1.1.0")

    said = desk.run("plan", "dev")
    (films,) = [one for one in desk.json("plan", "dev")["changes"] if one["dagId"] == "films"]

    assert "2 runs fewer in 7 days (first S" in " ".join(said.out.split())
    assert [text[11:] for text in films["runs"]["lost"]] == ["05:00:00Z"] * 2
    assert films["runs"]["gained"] == []


def test_a_renamed_dag_is_told_as_what_it_is() -> None:
    desk = Desk()
    desk.scene.deploy("1.0.0", {"films": "one", "loads": "x"})
    release = desk.scene.publish("1.1.0", {"movies": "one", "loads": "x"})
    movies = release.dags["movies"].model_copy(update={"file": "dags/films.py"})
    renamed = release.model_copy(update={"dags": {**release.dags, "movies": movies}})
    desk.scene.artifacts.release = lambda _: renamed  # type: ignore[method-assign]
    desk.scene.push("1.1.0")

    causes = {one["dagId"]: one["cause"] for one in desk.json("plan", "dev")["changes"]}

    assert causes == {
        "films": "gone, and movies is new in its file: renamed? Its runs stay with it",
        "movies": "new, in the file of films: renamed? It begins without films's runs",
    }
