"""``doctor`` tries everything, and says what to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.alarm import Alarm, AlarmValue
from reconciler.model.errors import Terminal, Transient
from reconciler.model.observation import ImportProblem
from reconciler.model.reason import ConditionType, Reason
from reconciler.model.state import Changes, Condition
from tests.builders import NOW
from tests.cli.desk import Desk
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML
from tests.signers import signers

REVERTER = "reverter@example.com"


class Known:
    """The alarms of an account: those that are named."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find(self, name: str) -> Alarm | None:
        """See ``ports.Alarms``."""
        return Alarm(name=name, value=AlarmValue.OK, since=NOW) if name in self.names else None

    def value_at(self, name: str, at: datetime) -> AlarmValue | None:
        """See ``ports.Alarms``."""
        return AlarmValue.OK if name in self.names and at >= NOW else None


@pytest.fixture
def desk(desk: Desk, folder: Path) -> Desk:
    """Everything is well."""
    desk.scene.shared = RECONCILER_YAML + f"reverter: {REVERTER}\n".encode()
    desk.scene.signers = signers("ana@example.com", REVERTER)
    desk.platform.known_alarms = ("gitops", Known("gitops-dev"))
    desk.scene.deploy("1.0.0", {"films": "one"})
    python = folder / ".envs/airflow-3.0.6/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    desk.platform.server_time = desk.clock.now()
    return desk


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line[2:].startswith(name))


def test_all_is_well(desk: Desk) -> None:
    answer = desk.run("doctor")

    assert answer.code == 0, answer
    assert "✗" not in answer.out
    assert "!" not in answer.out
    assert _line(answer.out, "dev: DAG folder").endswith("s3://dev-airflow/dags/ holds 4 files")
    assert "Everything needed is there." in answer.out


def test_the_document(desk: Desk) -> None:
    document = desk.json("doctor")

    assert document["healthy"] is True
    names = [check["name"] for check in document["checks"]]
    assert names[:4] == ["git", "git identity (for rollback)", "SSH key (for approve)", "settings"]
    assert {"environment repo", "table", "queue", "clock", "artifact store", "dev: Airflow"} <= set(names)


@pytest.mark.parametrize(
    ("twin", "method", "check"),
    [
        ("repo", "tip", "environment repo"),
        ("store", "load", "table"),
        ("artifacts", "versions", "artifact store"),
        ("folder", "list", "dev: DAG folder"),
        ("airflow", "import_errors", "dev: Airflow"),
        ("repo", "files", "dev: files"),
    ],
)
def test_what_does_not_answer_is_told_with_its_remedy(desk: Desk, twin: str, method: str, check: str) -> None:
    error = Terminal("It refuses.", "Ask for access.")
    getattr(desk.scene, twin).fail_next(method, error)

    answer = desk.run("doctor")

    assert answer.code == 7
    assert _line(answer.out, check) == f"✗ {check}: It refuses."
    assert "    → Ask for access." in answer.out
    assert "checks failed" in answer.out


def test_the_others_are_tried_all_the_same(desk: Desk) -> None:
    desk.scene.store.fail_next("load", Transient("The table did not answer."))

    out = desk.run("doctor").out

    assert _line(out, "table").startswith("✗")
    assert _line(out, "dev: Airflow").startswith("✓")


def test_without_settings_nothing_else_is_tried(desk: Desk) -> None:
    desk.platform.settings_error = Terminal("Not set: RECONCILER_TABLE.", "Set it.")

    answer = desk.run("doctor")

    assert answer.code == 7
    assert _line(answer.out, "settings") == "✗ settings: Not set: RECONCILER_TABLE."
    assert "table" not in answer.out.splitlines()[-1]
    assert "environment repo" not in answer.out


def test_what_only_some_commands_need_does_not_fail(desk: Desk, folder: Path) -> None:
    (folder / ".envs/airflow-3.0.6/bin/python").unlink()
    desk.platform.caller = Terminal("Git does not know your name.", "Tell it.")

    answer = desk.run("doctor")

    assert answer.code == 0
    assert _line(answer.out, "git identity").startswith("!")
    assert _line(answer.out, "dev: Python with Airflow 3.0.6").startswith("!")


@pytest.mark.parametrize("said", ["git version 2.20.1", ""])
def test_an_old_git(desk: Desk, said: str) -> None:
    desk.platform.git = said

    answer = desk.run("doctor")

    assert answer.code == 7
    assert "→ Install git 2.34 or newer." in answer.out


@pytest.mark.parametrize(("seconds", "word"), [(200, "behind"), (-200, "ahead of")])
def test_a_clock_that_is_wrong(desk: Desk, seconds: int, word: str) -> None:
    desk.platform.server_time = desk.clock.now() + timedelta(seconds=seconds)

    assert _line(desk.run("doctor").out, "clock") == f"! clock: This clock is 200 s {word} AWS's."


def test_files_that_are_wrong(desk: Desk) -> None:
    desk.scene.repo.person_pushes({"dev/pointer.yaml": b"kind: Pointer\n"})

    answer = desk.run("doctor")

    assert answer.code == 7
    assert "dev/pointer.yaml:1:" in _line(answer.out, "dev: files")


def test_a_bug_is_a_finding_too(desk: Desk) -> None:
    desk.scene.folder.fail_next("list", KeyError("oops"))

    assert "unexpected KeyError: 'oops'" in _line(desk.run("doctor").out, "dev: DAG folder")


def test_airflow_tells_how_it_is(desk: Desk) -> None:
    desk.scene.airflow.set_busy("UPDATING")
    desk.scene.airflow.set_import_errors(ImportProblem(file="x.py", message="no"))

    assert _line(desk.run("doctor").out, "dev: Airflow").endswith("it is UPDATING; 1 import errors")


def test_airflows_intervals_have_to_fit(desk: Desk) -> None:
    check = "dev: Airflow's intervals"
    assert "it does not tell" in _line(desk.run("doctor").out, check)
    fitting = {"dag_processor.refresh_interval": "15", "dag_processor.min_file_process_interval": "20"}
    desk.scene.airflow.set_options = fitting
    assert _line(desk.run("doctor").out, check) == f"✓ {check}: new files every 15 s, each file every 20 s"
    desk.scene.airflow.set_options = {}  # the defaults
    answer = desk.run("doctor")
    assert answer.code == 0
    assert _line(answer.out, check).startswith(f"! {check}: Airflow looks for new files every 300 s")
    assert "airflow.parseSeconds is 20" in answer.out


def test_who_reverts_and_which_alarms_may_make_them_are_named(desk: Desk) -> None:
    out = desk.run("doctor").out
    assert _line(out, "dev: who reverts").endswith(
        f"{REVERTER}, whose key is in allowed_signers; not tried yet"
    )
    assert _line(out, "dev: alarms").endswith("gitops-dev OK since 2026-11-21 05:00:00Z")


def test_nobody_who_reverts_is_told(desk: Desk) -> None:
    desk.scene.shared = RECONCILER_YAML
    desk.scene.push("1.0.0")
    answer = desk.run("doctor")
    assert answer.code == 0
    assert _line(answer.out, "dev: who reverts") == (
        "! dev: who reverts: An alarm takes nothing back in dev: no identity reverts."
    )


def test_a_reverter_without_a_key_that_counts_is_told(desk: Desk) -> None:
    run_out = signers(REVERTER).replace(" ", ' valid-before="20260401" ', 1)
    desk.scene.signers = signers("ana@example.com") + run_out
    desk.scene.push("1.0.0")
    assert f"{REVERTER} has no valid key in allowed_signers" in desk.run("doctor").out


@pytest.mark.parametrize(("status", "said"), [(True, "were tried 2026-11-21 05:00"), (False, "It is empty.")])
def test_what_the_stack_found_of_its_secrets_is_told(desk: Desk, status: bool, said: str) -> None:
    found = Condition(
        type=ConditionType.REVERTIBLE,
        status=status,
        reason=Reason.REVERT_POSSIBLE if status else Reason.REVERT_IMPOSSIBLE,
        message="It is empty.",
        last_transition_at=NOW,
    )
    store = desk.scene.store
    lease, state = store.acquire("dev", "test", 60), store.load("dev")
    conditions = {**state.conditions, ConditionType.REVERTIBLE: found}
    update = {"conditions": conditions, "revert_tried_at": NOW}
    store.commit(lease, Changes(state=state.model_copy(update=update)))
    line = _line(desk.run("doctor").out, "dev: who reverts")
    assert line.startswith("✓" if status else "!")
    assert said in line
    assert ("It is empty." in desk.run("status", "dev").out) is not status


def test_where_nothing_is_to_be_taken_back_nobody_has_to_be_there(desk: Desk) -> None:
    desk.scene.shared = RECONCILER_YAML
    desk.scene.environment = ENVIRONMENT_YAML + b"health: {revert: {automatic: false}}\n"
    desk.scene.push("1.0.0")
    assert _line(desk.run("doctor").out, "dev: who reverts").startswith("✓")


def test_an_alarm_that_does_not_exist_is_told(desk: Desk) -> None:
    desk.scene.environment = ENVIRONMENT_YAML + b"health: {revert: {alarms: [mine, theirs]}}\n"
    desk.scene.push("1.0.0")
    desk.platform.known_alarms = ("gitops", Known("gitops-dev", "mine"))
    assert "There is no alarm theirs: nothing is taken back for it." in desk.run("doctor").out


def test_an_alarm_of_which_the_stack_does_not_hear_is_told_with_what_to_do(desk: Desk) -> None:
    desk.scene.environment = ENVIRONMENT_YAML + b"health: {revert: {alarms: [mine, theirs]}}\n"
    desk.scene.push("1.0.0")
    desk.platform.known_alarms = ("gitops", Known("gitops-dev", "mine", "theirs"))
    desk.platform.heard = ("mine",)
    out = desk.run("doctor").out
    assert _line(out, "dev: alarms").startswith("! dev: alarms: The stack does not hear of theirs")
    assert "parameter RevertAlarms" in out
    desk.platform.heard = ("mine", "theirs")
    assert _line(desk.run("doctor").out, "dev: alarms").startswith("✓")


def test_a_stack_that_is_not_named_is_told(desk: Desk) -> None:
    desk.platform.known_alarms = None
    answer = desk.run("doctor")
    assert answer.code == 0
    assert "Set RECONCILER_STACK" in answer.out
