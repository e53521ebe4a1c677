"""Which files have to be signed, and whose signatures let a change pass."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.core.gates.source import source, to_sign
from reconciler.model.environment import Desired
from reconciler.model.observation import Commit
from reconciler.model.policy import SourcePolicy
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision
from tests.builders import NOW
from tests.declarations.files import POINTER, RECONCILER, environment, folder
from tests.signers import signers

ASKS = SourcePolicy(signed=True)
POINTER_PATH, HOLDS, ENVIRONMENT = "dev/pointer.yaml", "dev/holds.yaml", "dev/environment.yaml"
KEY = "it was signed with a key that allowed_signers has not, or not any more"


def commit(signer: str = "", flaw: str = "") -> Commit:
    """Ben's, signed or not."""
    ben = "Ben <ben@example.com>"
    return Commit(sha="c" * 40, author=ben, committer=ben, at=NOW, subject="Bump", signer=signer, flaw=flaw)


BY_ANA, UNSIGNED, UNKNOWN = (
    commit("ana@example.com"),
    commit(flaw="it has no SSH signature"),
    commit(flaw=KEY),
)
VERDICTS: dict[str, tuple[dict[str, Commit | None], Decision, str]] = {
    "nothing changes": ({}, Decision.GO, "Nothing changes that has to be signed."),
    "signed": ({POINTER_PATH: BY_ANA}, Decision.GO, "Signed by ana@example.com."),
    "two files by two": (
        {POINTER_PATH: BY_ANA, ENVIRONMENT: commit("ben@example.com")},
        Decision.GO,
        "Signed by ana@example.com, ben@example.com.",
    ),
    "unsigned": ({POINTER_PATH: UNSIGNED}, Decision.WAIT, "Ben <ben@example.com>: it has no SSH signature"),
    "by a key that nobody knows": ({POINTER_PATH: UNKNOWN}, Decision.WAIT, KEY),
    "without a word of what is wrong": (
        {POINTER_PATH: commit()},
        Decision.WAIT,
        "of dev/pointer.yaml is not",
    ),
    "one of two files": (
        {POINTER_PATH: BY_ANA, ENVIRONMENT: UNSIGNED},
        Decision.WAIT,
        "of dev/environment.yaml is not signed by somebody known here: commit cccccccccc",
    ),
    "both files": (
        {POINTER_PATH: UNSIGNED, ENVIRONMENT: UNSIGNED},
        Decision.WAIT,
        "of dev/pointer.yaml, dev/environment.yaml is not signed",
    ),
    "changed by no commit": ({POINTER_PATH: None}, Decision.WAIT, "no commit since what is in force"),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_what_signatures_come_to(case: str) -> None:
    changed, decision, said = VERDICTS[case]
    found = source(ASKS, changed)
    reason = Reason.GATE_OPEN if decision is Decision.GO else Reason.SIGNATURE_MISSING
    assert (found.gate, found.decision, found.reason) == ("source", decision, reason)
    assert said in found.message
    assert len(found.evidence) == len(changed)
    assert all(line.startswith(f"{path}: ") for path, line in zip(changed, found.evidence, strict=True))
    assert source(SourcePolicy(), changed).decision is Decision.GO


HEAD = b"apiVersion: reconciler/v1\nkind: Holds\n"
WHO = b"by: Ana, since: 2026-03-01T00:00:00Z, reason: audit"
HELD, HELD_AT = b"holds: [{%s}]\n" % WHO, b"holds: [{%s, at: '%s'}]\n" % (WHO, b"1" * 16)
SUSPENDED, RESUMED = b"suspended: {%s}\n" % WHO, b"suspended: {%s!}\n" % WHO
PINNED = b"pins: [{%s, dag: one, release: '%s'}]\n" % (WHO, b"1" * 16)
QUARANTINED = b"quarantine: [{%s, release: '%s'}]\n" % (WHO, b"2" * 16)
SHARED = RECONCILER + b"roles: {boss: [ana@example.com]}\n"
ANA, EVE = (signers(who).encode() for who in ("ana@example.com", "ana@example.com,eve@example.com"))


def said(**changed: bytes) -> Desired:
    """What dev's files say; of ``holds`` without its head."""
    files: dict[str, bytes | None] = {"allowed_signers": ANA, "reconciler.yaml": SHARED}
    names = {"pointer": POINTER_PATH, "environment": ENVIRONMENT, "holds": HOLDS}
    names |= {"shared": "reconciler.yaml", "signers": "allowed_signers"}
    bodies = {key: HEAD + body if key == "holds" else body for key, body in changed.items()}
    return parse_desired(folder({**files, **{names[key]: body for key, body in bodies.items()}}), "dev")


BEFORE = {"holds": HELD + SUSPENDED + PINNED + QUARANTINED}
CHANGES: dict[str, tuple[dict[str, bytes], tuple[str, ...]]] = {
    "nothing": (BEFORE, ()),
    "a comment": ({**BEFORE, "pointer": b"# why\n" + POINTER, "shared": b"# who\n" + SHARED}, ()),
    "a comment among the keys": ({**BEFORE, "signers": b"# who\n\n" + ANA.replace(b"\n", b" laptop\n")}, ()),
    "until when a key is valid": (
        {**BEFORE, "signers": ANA.replace(b" ", b' valid-before="20300101" ', 1)},
        ("allowed_signers",),
    ),
    "another version": ({**BEFORE, "pointer": POINTER.replace(b"1.0.0", b"1.0.1", 1)}, (POINTER_PATH,)),
    "another Airflow": (
        {**BEFORE, "environment": environment("dev").replace(b"0.0.1", b"0.0.2")},
        (ENVIRONMENT,),
    ),
    "another role": ({**BEFORE, "shared": SHARED.replace(b"boss", b"king")}, ("reconciler.yaml",)),
    "another key": ({**BEFORE, "signers": EVE}, ("allowed_signers",)),
    "another order": ({**BEFORE, "shared": SHARED.replace(b"dev, prod", b"prod, dev")}, ("reconciler.yaml",)),
    "more is held": (
        {"holds": HELD.replace(b"}]", b"}, {%s?}]" % WHO) + SUSPENDED + PINNED + QUARANTINED},
        (),
    ),
    "a hold is lifted": ({"holds": SUSPENDED + PINNED + QUARANTINED}, (HOLDS,)),
    "a hold is another": ({"holds": HELD_AT + SUSPENDED + PINNED + QUARANTINED}, (HOLDS,)),
    "resumed": ({"holds": HELD + PINNED + QUARANTINED}, (HOLDS,)),
    "suspended otherwise": ({"holds": HELD + RESUMED + PINNED + QUARANTINED}, (HOLDS,)),
    "a pin is lifted": ({"holds": HELD + SUSPENDED + QUARANTINED}, (HOLDS,)),
    "a quarantine is lifted": ({"holds": HELD + SUSPENDED + PINNED}, (HOLDS,)),
    "all is lifted": ({"holds": b""}, (HOLDS,)),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_says_something_else_has_to_be_signed(case: str) -> None:
    changed, files = CHANGES[case]
    assert to_sign(said(**BEFORE), said(**changed)) == files


def test_of_the_first_commit_all_but_what_it_holds() -> None:
    assert to_sign(None, said(**BEFORE)) == (POINTER_PATH, ENVIRONMENT, "reconciler.yaml", "allowed_signers")


def test_to_suspend_what_was_not_takes_no_key() -> None:
    assert to_sign(said(), said(**BEFORE)) == ()
