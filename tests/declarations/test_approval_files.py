"""Roles, whose key is whose, and who has to approve: what valid files say, and every mistake in them."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import parse_desired
from tests.declarations.files import RECONCILER, environment, folder, problems
from tests.signers import TYPE, key, signers

ROLES = b"roles:\n  release-manager:\n    - ana@example.com\n    - ben@example.com\n"
ASKS = b"policy:\n  approval:\n    required: 1\n    from: [release-manager]\n"
SIGNED = b"policy:\n  source:\n    signed: true\n"
SIGNERS = signers("ana@example.com", "Ben@example.com").encode()
DEV = "dev/environment.yaml"


def files(**changed: bytes) -> dict[str, bytes]:
    """A folder that asks for approval in dev."""
    said = {"config": RECONCILER + ROLES, "dev": environment("dev") + ASKS, "signers": SIGNERS, **changed}
    return folder({"reconciler.yaml": said["config"], DEV: said["dev"], "allowed_signers": said["signers"]})


def test_who_has_to_approve() -> None:
    desired = parse_desired(files(), "dev")
    policy = desired.environment.policy.approval
    assert (policy.required, policy.roles, policy.not_author) == (1, ("release-manager",), True)
    assert desired.roles == {"release-manager": ("ana@example.com", "ben@example.com")}
    assert desired.signers == SIGNERS.decode()


def test_without_any_of_it_nobody_has_to() -> None:
    desired = parse_desired(folder(), "dev")
    assert (desired.environment.policy.approval.required, desired.roles, desired.signers) == (0, {}, "")


def test_who_stands_behind_what_the_files_say() -> None:
    policy = parse_desired(files(dev=environment("dev") + SIGNED), "dev").environment.policy
    assert (policy.source.signed, policy.promotion.auto) == (True, False)
    assert not parse_desired(folder(), "dev").environment.policy.source.signed


def test_who_reverts_has_a_key_and_no_role() -> None:
    more = {"config": RECONCILER + b"reverter: Reverter@example.com\n" + ROLES}
    keys = SIGNERS + signers("reverter@example.com").encode()
    assert parse_desired(files(**more, signers=keys), "dev").reverter == "Reverter@example.com"


MISTAKES = {
    "a role that nobody has": (
        {"dev": environment("dev") + ASKS.replace(b"release-manager", b"boss")},
        f'{DEV}:14: policy.approval.from[0]: found "boss", expected a role that somebody has',
    ),
    "an empty role": (
        {"config": RECONCILER + b"roles:\n  release-manager: []\n"},
        f'{DEV}:14: policy.approval.from[0]: found "release-manager", expected a role that somebody has',
    ),
    "nobody may": (
        {"dev": environment("dev") + b"policy: {approval: {required: 1}}\n"},
        f"{DEV}:11: policy.approval: found a mapping with required, expected with `required`",
    ),
    "half a person": (
        {"dev": environment("dev") + ASKS.replace(b"1", b"1.5")},
        f"{DEV}:13: policy.approval.required: found the number 1.5, expected a whole number from 0 up to 5",
    ),
    "not a yes or no": (
        {"dev": environment("dev") + ASKS + b"    notAuthor: perhaps\n"},
        f'{DEV}:15: policy.approval.notAuthor: found "perhaps", expected true or false',
    ),
    "somebody without a key": (
        {"config": RECONCILER + ROLES + b"    - cleo@example.com\n"},
        'reconciler.yaml:8: roles.release-manager[2]: found "cleo@example.com", expected a key in',
    ),
    "a name for an address": (
        {"config": RECONCILER + ROLES + b"    - Cleo\n"},
        'reconciler.yaml:8: roles.release-manager[2]: found "Cleo", expected an e-mail address',
    ),
    "an odd role": (
        {"config": RECONCILER + ROLES + b"  Boss Of All: [ana@example.com]\n"},
        "reconciler.yaml:8: roles.Boss Of All: found this key, expected a name of 1 to 30 lower case",
    ),
    "a pattern for a person": (
        {"signers": SIGNERS + f"*@example.com {TYPE} {key('all')}\n".encode()},
        'allowed_signers:3: signer: found "*@example.com", expected whole e-mail addresses',
    ),
    "signatures that nobody can make": (
        {"config": RECONCILER, "dev": environment("dev") + SIGNED, "signers": b"# nobody yet\n"},
        f"{DEV}:13: policy.source.signed: found true, expected false, or somebody's key in allowed_signers",
    ),
    "signatures that the reconciler cannot make": (
        {"dev": environment("dev") + SIGNED + b"  promotion:\n    verified: true\n    auto: true\n"},
        f"{DEV}:16: policy.promotion.auto: found true, expected false with policy.source.signed: "
        "the reconciler has no key to sign with",
    ),
    "who reverts has no key": (
        {"config": RECONCILER + b"reverter: reverter@example.com\n"},
        'reconciler.yaml:4: reverter: found "reverter@example.com", expected a key in allowed_signers',
    ),
    "who reverts is a person": (
        {
            "config": RECONCILER + b"reverter: reverter@example.com\n",
            "signers": SIGNERS + signers("cleo@example.com,reverter@example.com").encode(),
        },
        'reconciler.yaml:4: reverter: found "reverter@example.com", expected an address that shares no line '
        "and no key with others in allowed_signers",
    ),
    "who reverts may approve": (
        {"config": RECONCILER + b"reverter: ana@example.com\n" + ROLES},
        'reconciler.yaml:4: reverter: found "ana@example.com", expected an address that has no role: what it '
        "signs is nobody's approval",
    ),
    "other bytes": ({"signers": SIGNERS + b"\xff"}, "allowed_signers:1: file: found other bytes than UTF-8"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_its_place(case: str) -> None:
    changed, message = MISTAKES[case]
    found = problems(files(**changed))
    assert any(problem.startswith(message) for problem in found), found
