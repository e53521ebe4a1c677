"""``status``: what runs, and what needs somebody."""

from __future__ import annotations

from reconciler.model.errors import Transient
from reconciler.model.observation import DagRun
from reconciler.model.state import Changes, Fence
from tests.cli.desk import Desk
from tests.engine import approving


def test_one_environment_in_detail(desk: Desk) -> None:
    release = desk.scene.deploy("1.0.0", {"films": "one", "sales": "one"})

    out = desk.run("status", "dev").out

    facts = dict(line.split(None, 1) for line in out.splitlines()[1:] if line)
    assert facts["Sync"] == "Synced"
    assert facts["Health"] == "Healthy"
    assert facts["Versions"] == "dags 1.0.0, dbt 1.0.0, libs 1.0.0"
    assert facts["Release"] == release.id
    assert facts["Phase"] == "Succeeded"
    assert facts["DAGs"] == f"2 on {release.id}"
    assert "!" not in out


def test_all_environments_at_a_glance(desk: Desk) -> None:
    desk.platform.names = ("dev", "prod")
    desk.scene.deploy("1.0.0", {"films": "one"})

    answer = desk.run("status")

    rows = {
        line.split()[0]: line
        for line in answer.out.splitlines()
        if line and line.split()[0] in ("dev", "prod")
    }
    assert "Synced" in rows["dev"]
    assert "Missing" in rows["prod"]


def test_a_dag_that_waits_says_for_which_run_and_until_when(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    run = DagRun(dag_id="films", run_id="r1", state="running", run_type="scheduled", started_at=None)
    desk.scene.airflow.set_runs(run)
    desk.scene.deploy("1.1.0", {"films": "wider: one"})

    out = desk.run("status", "dev").out

    assert "films (r1) waits for runs in flight" in out
    assert "UTC" in out


def test_what_is_fenced_and_condemned_is_shown(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    bad = desk.scene.deploy("1.1.0", {"films": "two"})
    desk.scene.push("1.0.0")
    desk.scene.tick()
    desk.scene.publish("1.2.0", {"films": "wider: one"})
    desk.scene.push("1.2.0")
    desk.scene.airflow.fail_next("set_paused", Transient("It does not answer."))
    desk.scene.tick()

    out, document = desk.run("status", "dev").out, desk.json("status", "dev")

    assert "films (paused by us" in out
    assert bad.id in next(line for line in out.splitlines() if line.startswith("Condemned"))
    assert (list(document["fenced"]), document["condemned"]) == (["films"], [bad.id])


def test_a_dag_that_was_paused_already_is_not_said_to_be_anybodys_doing(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    store, fence = desk.scene.store, Fence(opened_at=desk.clock.now(), ours=False)
    state = desk.scene.state.model_copy(update={"fences": {"films": fence}})
    store.commit(store.acquire("dev", "test", 60), Changes(state=state))

    fenced = desk.run("status", "dev").out + desk.run("explain", "dev", "films").out

    assert "films (was paused already, flipped" in fenced
    assert "It was paused already, and stays so" in fenced
    assert "person" not in fenced


def test_what_waits_is_said_once_with_what_is_wanted_and_by_whom(desk: Desk) -> None:
    scene = desk.scene = desk.platform.scene = approving.live()
    old = scene.push("1.1.0", "Bump dags to 1.1.0")
    scene.environment = scene.environment.replace(b"validHours: 24", b"validHours: 48")
    tip = scene.push("1.1.0", "Give them longer", by=approving.BEN)
    scene.tick()

    out, document = desk.run("status", "dev").out, desk.json("status", "dev")

    assert out.count("Waits for the approval of 1 person") == 1
    facts = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    assert facts["Wanted"].strip() == "dags 1.0.0 → 1.1.0, dbt 1.0.0 → 1.1.0, libs 1.0.0 → 1.1.0"
    assert facts["New rules"].strip() == "policy.approval.validHours: 24.0 → 48.0"
    assert facts["Wanted by"].strip() == (
        f"Ben <ben@example.com>: Give them longer ({tip[:10]}), "
        f"Ana <ana@example.com>: Bump dags to 1.1.0 ({old[:10]})"
    )
    assert [one["sha"] for one in document["wanted"]["commits"]] == [tip, old]
    assert document["wanted"]["versions"]["dags"] == {"from": "1.0.0", "to": "1.1.0"}
    assert document["concerns"] == ["Admitted", "Ready"]


def test_a_hold_is_said_once(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.run("hold", "dev", "-m", "month-end")
    pointer = desk.scene.repo.files(desk.scene.repo.tip())["dev/pointer.yaml"]
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.repo.person_pushes({"dev/pointer.yaml": pointer.replace(b"1.0.0", b"1.1.0")})
    desk.scene.tick()

    out = desk.run("status", "dev").out

    assert out.count("month-end") == 1
    assert "dags 1.0.0 → 1.1.0" in out


def test_nothing_is_wanted_where_all_is_well(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.repo.person_pushes({"notes.md": b"x"}, "Notes")

    assert "Wanted" not in desk.run("status", "dev").out
    assert desk.json("status", "dev")["wanted"] is None


def test_the_documents(desk: Desk) -> None:
    release = desk.scene.deploy("1.0.0", {"films": "one"})

    one = desk.json("status", "dev", "--dags")
    every = desk.json("status")

    assert one["sync"] == "Synced"
    assert one["appliedRevision"] == one["tip"]
    assert one["behindTip"] is False
    assert one["concerns"] == []
    assert one["dagsByRelease"] == {release.id: 1}
    assert one["dags"]["films"]["release"] == release.id
    assert [entry["environment"] for entry in every["environments"]] == ["dev"]


def test_each_dag_can_be_listed(desk: Desk) -> None:
    release = desk.scene.deploy("1.0.0", {"films": "one"})

    out = desk.run("status", "dev", "--dags").out

    assert [line for line in out.splitlines() if line.split()[:3] == ["films", release.id, "✓"]]


def test_conditions_of_concern_are_told(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.push("6.6.6")
    desk.scene.tick()

    answer = desk.run("status", "dev")

    assert answer.code == 0
    assert "! Stalled True since" in answer.out
    assert "dags 6.6.6 was never published" in answer.out
    assert "Stalled" in desk.json("status", "dev")["concerns"]


def test_a_reconciler_that_does_not_look_shows(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    tip = desk.scene.push("1.1.0")

    assert f"! The tip {tip[:10]} was not looked at yet." in desk.run("status", "dev").out
    assert desk.json("status", "dev")["behindTip"] is True


def test_git_is_not_needed_to_see_what_runs(desk: Desk) -> None:
    desk.scene.deploy("1.0.0", {"films": "one"})
    desk.scene.repo.fail_next("tip", Transient("Git did not answer."))

    answer = desk.run("status", "dev")

    assert answer.code == 0
    assert "Synced" in answer.out
    assert "warning: the tip is not known. Git did not answer." in answer.err


def test_nothing_yet(desk: Desk) -> None:
    out = desk.run("status", "dev").out

    assert "nothing yet" in out
    assert "Missing" in out
