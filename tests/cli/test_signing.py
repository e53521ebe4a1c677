"""Where signatures are asked for, each command that changes something signs, or says what it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.adapters.git_rules import Identity
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome
from reconciler.model.errors import Terminal
from reconciler.model.reason import TriggeredBy
from tests.cli.desk import PERSON, Desk
from tests.engine.approving import ASKS, BEN, ROLES, approve
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, pointer_yaml
from tests.signers import signers

ANA = Identity("Ana", "ana@example.com", "ana@example.com")
SIGNED = b"  source: {signed: true}\n"
KEY = "~/.ssh/id_ed25519.pub"


class Keyless(Desk):
    """Ana sits there, and her Git has no key; ``asked`` are the times that it was asked for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked = 0
        self.platform.signing_key = self._no_key  # type: ignore[method-assign]

    def _no_key(self) -> str:
        self.asked += 1
        raise Terminal("Git does not know your SSH key.", "Run `git config`.")


def live(desk: Desk, policy: bytes = b"policy:\n" + SIGNED) -> Desk:
    """1.1.0 is live on top of 1.0.0, by Ana's signature."""
    scene = desk.scene
    scene.shared, scene.environment = RECONCILER_YAML + ROLES, ENVIRONMENT_YAML + policy
    scene.signers = signers("ana@example.com", "ben@example.com", "dan@example.com")
    for version, body in (("1.0.0", "one"), ("1.1.0", "two")):
        scene.publish(version, {"films": body})
        scene.push(version, by=ANA)
        if policy.startswith(ASKS):
            approve(scene)
        assert scene.tick().outcome is Outcome.APPLIED
    return desk


COMMANDS = {
    "rollback": ("rollback", "dev", "--yes"),
    "release": ("release", "dev", "-m", "over"),
    "resume": ("resume", "dev", "-m", "over"),
    "release --dag": ("release", "dev", "--dag", "films", "-m", "over"),
}
HOLDING = (
    ("hold", "dev", "-m", "audit"),
    ("suspend", "dev", "-m", "audit"),
    ("hold", "dev", "--dag", "films", "-m", "audit"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_asked_to_be_signed_is_signed(command: str) -> None:
    desk = live(Desk())
    desk.platform.key = KEY
    # What holds all of an environment refuses a rollback; a pin does not.
    for holding in HOLDING[-1:] if command == "rollback" else HOLDING:
        assert desk.run(*holding).code == 0
    assert desk.platform.committed_by[-1] == PERSON
    assert desk.run(*COMMANDS[command]).code == 0
    assert desk.platform.committed_by[-1] == replace(PERSON, key=KEY)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_key_nothing_is_pushed_that_would_wait(command: str) -> None:
    desk = live(Keyless())
    for holding in HOLDING:
        assert desk.run(*holding).code == 0
    assert desk.asked == 0
    tip = desk.scene.repo.tip()
    said = desk.run(*COMMANDS[command])
    assert said.code == 3
    assert "does not know your SSH key" in said.err
    assert desk.scene.repo.tip() == tip


@pytest.mark.parametrize("key", [KEY, ""])
def test_what_is_promoted_is_signed_for_the_next_environment(key: str) -> None:
    desk = Desk() if key else Keyless()
    desk.platform.names, desk.platform.key = ("dev", "staging"), key
    scene = desk.scene
    scene.shared = RECONCILER_YAML.replace(b"[dev]", b"[dev, staging]")
    scene.signers = signers("ana@example.com")
    scene.deploy("1.0.0", {"films": "one"})
    body = ENVIRONMENT_YAML.replace(b"name: dev", b"name: staging") + b"policy:\n" + SIGNED
    body = body.replace(b"8080", b"8081").replace(b"dev-airflow", b"staging-airflow")
    files = {"reconciler.yaml": scene.shared + b"# ours\n", "allowed_signers": scene.signers.encode() + b"\n"}
    files |= {"staging/environment.yaml": body, "staging/pointer.yaml": pointer_yaml("1.0.0")}
    scene.repo.person_pushes(files, by=ANA)
    tick(scene.world, "staging", TriggeredBy.WEBHOOK)
    assert scene.store.load("staging").accepted is not None
    scene.publish("1.1.0", {"films": "two"})
    tip = scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.APPLIED
    said = desk.run("promote", "dev", "staging", "--yes")
    if key:
        assert said.code == 0, said.err
        assert desk.platform.committed_by == [replace(PERSON, key=KEY)]
        assert scene.repo.tip() != tip
    else:
        assert (said.code, scene.repo.tip()) == (3, tip)


def test_who_always_signs_does_so_here_too() -> None:
    desk = live(Keyless(), b"policy: {}\n")
    desk.platform.caller = replace(PERSON, key=KEY)
    assert desk.run("rollback", "dev", "--yes").code == 0
    assert desk.run("hold", "dev", "-m", "audit").code == 0
    assert [one.key for one in desk.platform.committed_by] == [KEY, KEY]
    assert desk.asked == 0


def test_who_does_not_sign_need_not_where_nobody_asks() -> None:
    desk = live(Keyless(), b"policy: {}\n")
    assert desk.run("rollback", "dev", "--yes").code == 0
    assert desk.platform.committed_by == [PERSON]


def test_each_command_says_what_is_not_signed() -> None:
    desk = live(Desk())
    desk.scene.push("1.0.0", "Back", by=Identity("Ana", "ana@example.com"))
    flaw = f"commit {desk.scene.repo.tip()[:10]} by Ana <ana@example.com>: it has no SSH signature"
    planned = desk.run("plan", "dev")
    assert "source" in planned.out
    assert flaw in planned.out
    assert desk.json("plan", "dev")["steps"] == []
    assert desk.scene.tick().outcome is Outcome.WAITING
    for command in ("status", "explain"):
        said = desk.run(command, "dev")
        assert "SignatureMissing" in said.out, command
        assert f"dev/pointer.yaml: {flaw}" in said.out, command


def test_who_approves_is_told_that_a_signature_is_missing_too() -> None:
    desk = live(Desk(), ASKS + SIGNED)
    desk.scene.publish("1.2.0", {"films": "three"}, parent="1.1.0")
    desk.scene.push("1.2.0", by=Identity("Ana", "ana@example.com"))
    desk.platform.caller = replace(PERSON, name=BEN.name, email=BEN.email)
    said = desk.run("approve", "dev", "--yes")
    assert said.code == 0, said.err
    assert "Approved by ben@example.com" in said.out
    assert "of dev/pointer.yaml is not signed by somebody known here" in said.out
    assert desk.scene.tick().outcome is Outcome.WAITING
    (other,) = desk.json("approve", "dev", "--yes")["others"]
    assert "of dev/pointer.yaml is not signed" in other


def test_to_suspend_without_a_key_stops_everything_also_on_top_of_what_nobody_may_lift() -> None:
    desk = live(Keyless())
    scene = desk.scene
    assert desk.run(*HOLDING[0]).code == 0
    assert scene.tick().outcome is Outcome.APPLIED
    scene.repo.person_pushes({"dev/holds.yaml": None}, "Lift")
    assert scene.tick().outcome is Outcome.WAITING
    said = desk.run("suspend", "dev", "-m", "it loses rows")
    assert said.code == 0, said.err
    scene.tick()
    told = desk.run("status", "dev").out
    assert "it loses rows" in told
    assert "audit" in told
    assert desk.asked == 0
