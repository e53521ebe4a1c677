"""Nothing is taken from the identity that reverts but what was Stable here: on the twin and a real Git."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.adapters.git_rules import Identity
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome
from reconciler.model.reason import ConditionType, Reason, Severity, TriggeredBy
from tests.adapters.git_host import git
from tests.engine.alarmed import ALARM, ANA, BAD, REVERTER, Alarmed
from tests.engine.real_git import KEY, PeoplesRepo, alarmed_on_git
from tests.engine.scene import ENVIRONMENT_YAML, pointer_yaml
from tests.signers import signers

FORGED = Identity(REVERTER.name, REVERTER.email)
"""Who says to be the reverter, and has not its key."""

HEAD = b"apiVersion: reconciler/v1\nkind: Holds\n"
HELD = HEAD + b"holds: [{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}]\n"


@dataclass
class Stage:
    """1.1.0 is live, 1.0.0 was Stable, 1.2.0 is published and was never here."""

    alarmed: Alarmed

    def signed(self, files: Mapping[str, bytes]) -> str:
        """A commit with the reverter's own key."""
        repo = self.alarmed.scene.repo
        if isinstance(repo, PeoplesRepo):
            return repo.as_(REVERTER.name, REVERTER.email, str(KEY)).push(repo.tip(), files, "Revert").sha
        return repo.push_as(REVERTER, repo.tip(), files, "Revert").sha

    def unsigned(self, files: Mapping[str, bytes | None], by: Identity = FORGED) -> str:
        return self.alarmed.scene.repo.person_pushes(files, "Revert", by=by)

    def runs(self) -> str:
        """The release that ``one`` runs."""
        return str(self.alarmed.scene.running()["one"])


@pytest.fixture(params=["twin", "git"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    alarmed = Alarmed() if request.param == "twin" else alarmed_on_git(tmp_path)
    alarmed.scene.publish("1.2.0", {**BAD, "one": "evil"}, parent="1.1.0")
    return Stage(alarmed)


def test_an_alarm_brings_back_what_was_stable(stage: Stage) -> None:
    alarmed = stage.alarmed
    alarmed.hear()
    assert alarmed.tick() is Outcome.APPLIED
    assert stage.runs() == alarmed.good.id
    assert [one.release for one in alarmed.tip.holds.quarantine] == [alarmed.bad.id]
    assert len(alarmed.told(Reason.REVERT_COMMITTED)) == 1
    alarmed.hear(alarmed.goes_off())
    assert len(alarmed.told(Reason.REVERT_COMMITTED)) == 1


def test_the_commit_on_a_real_git_is_signed_and_says_what_it_does(tmp_path: Path) -> None:
    alarmed = alarmed_on_git(tmp_path)
    alarmed.hear()
    repo = alarmed.scene.repo
    assert isinstance(repo, PeoplesRepo)
    said = git("log", "-1", "--format=%an <%ae>%n%(trailers)", "main", at=repo.host.bare).splitlines()
    assert said[0] == str(REVERTER)
    assert said[1:6] == [
        f"Reverts: {alarmed.blamed}",
        f"Quarantines: {alarmed.bad.id}",
        f"Release: {alarmed.good.id}",
        f"Alarm: {ALARM}",
        "Environment: dev",
    ]
    assert "BEGIN SSH SIGNATURE" in git("cat-file", "commit", "main", at=repo.host.bare)


def test_a_pointer_that_was_stable_is_taken_by_itself(stage: Stage) -> None:
    stage.signed({"dev/pointer.yaml": pointer_yaml("1.0.0")})
    assert stage.alarmed.scene.tick().outcome is Outcome.APPLIED
    assert stage.runs() == stage.alarmed.good.id


EVIL = {
    "another version": {"dev/pointer.yaml": pointer_yaml("1.2.0")},
    "what was stable, and may lose runs": {"dev/pointer.yaml": pointer_yaml("1.0.0") + b"losesRuns: [one]\n"},
    "rules": {
        "dev/pointer.yaml": pointer_yaml("1.0.0"),
        "dev/environment.yaml": ENVIRONMENT_YAML.replace(b"8080", b"9999"),
    },
    "rules alone": {"dev/environment.yaml": ENVIRONMENT_YAML.replace(b"8080", b"9999")},
    "keys": {
        "dev/pointer.yaml": pointer_yaml("1.0.0"),
        "allowed_signers": signers("eve@example.com", REVERTER.email).encode(),
    },
    "another environment": {
        "dev/pointer.yaml": pointer_yaml("1.0.0"),
        "prod/pointer.yaml": pointer_yaml("1.2.0"),
    },
    "something else": {"dev/pointer.yaml": pointer_yaml("1.0.0"), "dev/notes.md": b"x"},
}


def refused(stage: Stage, runs: str, said: str) -> None:
    """Nothing moves, it is told once why, and a person's commit on top goes on."""
    scene = stage.alarmed.scene
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    assert stage.runs() == runs
    (told,) = stage.alarmed.told(Reason.REVERTER_REFUSED)
    assert said in told.message
    assert told.severity is Severity.ERROR
    assert scene.state.conditions[ConditionType.SOURCE_VERIFIED].status is False


@pytest.mark.parametrize("evil", EVIL)
def test_with_its_key_nothing_else_is_taken(stage: Stage, evil: str) -> None:
    before = stage.runs()
    stage.signed(EVIL[evil])
    refused(stage, before, "The identity that reverts may bring back a release that was Stable here")
    files = stage.alarmed.scene.repo.files(stage.alarmed.scene.repo.tip())
    own = {
        path: body + b"# Seen.\n"
        for path, body in files.items()
        if not path.startswith(("prod", "dev/notes"))
    }
    stage.alarmed.scene.repo.person_pushes(own, by=ANA)
    assert stage.alarmed.scene.tick().outcome in (Outcome.APPLIED, Outcome.IDLE)


def test_with_its_key_no_hold_is_lifted(stage: Stage) -> None:
    alarmed = stage.alarmed
    scene, before = alarmed.scene, stage.runs()
    scene.repo.person_pushes({"dev/holds.yaml": HELD}, by=ANA)
    scene.tick()
    stage.signed({"dev/holds.yaml": HEAD, "dev/pointer.yaml": pointer_yaml("1.0.0")})
    refused(stage, before, "lets go in dev/holds.yaml")
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.holds.holds


def test_with_its_key_no_hold_is_lifted_by_a_tip_that_cannot_be_read(stage: Stage) -> None:
    scene = stage.alarmed.scene
    scene.repo.person_pushes({"dev/holds.yaml": HELD}, by=ANA)
    scene.tick()
    scene.repo.person_pushes({"dev/pointer.yaml": pointer_yaml("1.2.0")}, by=ANA)
    assert scene.tick().outcome is Outcome.WAITING
    before = stage.runs()
    stage.signed({"dev/holds.yaml": HEAD, "dev/pointer.yaml": b"garbage"})
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.state.accepted is not None
    assert scene.state.accepted.desired.holds.holds
    assert stage.runs() == before


def test_who_says_to_be_it_without_its_key_is_refused(stage: Stage) -> None:
    before = stage.runs()
    stage.unsigned({"dev/pointer.yaml": pointer_yaml("1.0.0")})
    refused(stage, before, "is not signed with the key of that address")


def test_with_its_key_nothing_that_was_stable_elsewhere_is_taken(stage: Stage) -> None:
    stage.alarmed.remember(stable=())
    before = stage.runs()
    stage.signed({"dev/pointer.yaml": pointer_yaml("1.0.0")})
    refused(stage, before, "was never Stable here")


def test_the_very_first_commit_is_not_its(stage: Stage) -> None:
    scene = stage.alarmed.scene
    scene.repo.person_pushes(
        {
            "reconciler.yaml": scene.shared.replace(b"[dev]", b"[dev, prod]"),
            "prod/environment.yaml": ENVIRONMENT_YAML.replace(b"dev", b"prod").replace(b"8080", b"8081"),
            "prod/pointer.yaml": pointer_yaml("1.0.0"),
        },
        by=FORGED,
    )
    assert tick(scene.world, "prod", TriggeredBy.WEBHOOK).outcome is Outcome.WAITING
    assert scene.store.load("prod").accepted is None


def test_a_revert_elsewhere_is_none_of_this_environments_business(stage: Stage) -> None:
    stage.signed({"prod/pointer.yaml": pointer_yaml("1.0.0")})
    scene = stage.alarmed.scene
    assert scene.tick().outcome in (Outcome.APPLIED, Outcome.IDLE)
    assert stage.alarmed.told(Reason.REVERTER_REFUSED) == []


@pytest.mark.parametrize("evil", ["1.0.0", "1.2.0"])
def test_a_merge_of_its_making_is_refused(tmp_path: Path, evil: str) -> None:
    """Even of what was Stable: what else a merge brings along nobody would see."""
    alarmed = alarmed_on_git(tmp_path)
    alarmed.scene.publish("1.2.0", {**BAD, "one": "evil"}, parent="1.1.0")
    stage, repo = Stage(alarmed), alarmed.scene.repo
    assert isinstance(repo, PeoplesRepo)
    bare, tip, before = repo.host.bare, repo.tip(), stage.runs()
    side = git("commit-tree", f"{tip}^{{tree}}", "-p", f"{tip}~1", "-m", "side", at=bare)
    made = repo.as_(REVERTER.name, REVERTER.email, str(KEY)).push(
        tip, {"dev/pointer.yaml": pointer_yaml(evil)}, "x"
    )
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={KEY}")
    tree = ("commit-tree", f"{made.sha}^{{tree}}", "-p", tip, "-p", side, "-S", "-m", "Merge")
    merge = git(*sign, *tree, at=bare, by=FORGED)
    repo.host.rewind(merge)
    refused(stage, before, "is a merge")


def test_an_unsigned_commit_on_top_by_a_person_is_the_persons(stage: Stage) -> None:
    """Where nobody has to sign, who may push may change what runs: as themselves."""
    stage.signed({"dev/pointer.yaml": pointer_yaml("1.2.0")})
    stage.alarmed.scene.tick()
    stage.unsigned({"dev/pointer.yaml": pointer_yaml("1.2.0") + b"# Yes.\n"}, by=ANA)
    assert stage.alarmed.scene.tick().outcome is Outcome.APPLIED
