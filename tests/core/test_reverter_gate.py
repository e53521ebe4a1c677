"""What is taken from the identity that reverts: nothing but a pointer that was Stable, and more holds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.core.gates.reverter import Asked, addresses_of, is_by, within_bounds
from reconciler.model.environment import Desired
from reconciler.model.observation import Commit
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision
from tests.builders import NOW
from tests.declarations.files import RECONCILER, folder
from tests.signers import signers

ME = "reverter@example.com"
POINTER, HOLDS, RULES = "dev/pointer.yaml", "dev/holds.yaml", "dev/environment.yaml"
HEAD = b"apiVersion: reconciler/v1\nkind: Holds\n"
HELD = HEAD + b"holds: [{by: Ana, since: 2026-03-01T00:00:00Z, reason: audit}]\n"


def desired(holds: bytes | None = None) -> Desired:
    known = RECONCILER + f"reverter: {ME}\n".encode()
    keys = signers("ana@example.com", ME).encode()
    return parse_desired(folder({"reconciler.yaml": known, "allowed_signers": keys, HOLDS: holds}), "dev")


def commit(author: str = ME, signer: str = ME, committer: str | None = None) -> Commit:
    return Commit(
        sha="c" * 40,
        author=f"R <{author}>",
        committer=f"R <{committer or author}>",
        at=NOW,
        subject="Revert",
        signer=signer,
        flaw="" if signer else "it has no SSH signature",
    )


def judged(
    path: str = POINTER,
    by: Commit | None = None,
    touched: Sequence[str] | None = (POINTER, HOLDS),
    *,
    restores: bool = True,
    before: bytes | None = None,
    after: bytes | None = None,
) -> str | None:
    """The flaw that is found, or None."""
    made = by or commit()
    asked = Asked(desired(before), desired(after), {path: made}, {made.sha: touched}, restores)
    verdict = within_bounds(asked, addresses_of(desired()))
    if verdict is None:
        return None
    assert (verdict.gate, verdict.decision) == ("source", Decision.WAIT)
    assert verdict.reason is Reason.REVERTER_REFUSED
    return verdict.evidence[0]


def test_a_pointer_that_was_stable_is_taken() -> None:
    assert judged() is None
    assert judged(touched=(POINTER,)) is None


def test_more_that_is_held_is_taken() -> None:
    assert judged(HOLDS, before=None, after=HELD) is None
    assert judged(HOLDS, before=HELD, after=HELD) is None


REFUSED = {
    "another version": (judged(restores=False), "was never Stable here"),
    "rules": (judged(RULES, touched=(POINTER, RULES)), f"changes {RULES}"),
    "rules beside a pointer": (judged(touched=(POINTER, HOLDS, RULES)), f"changes {RULES}"),
    "keys": (judged(touched=(POINTER, "allowed_signers")), "changes allowed_signers"),
    "another environment": (judged(touched=(POINTER, "prod/pointer.yaml")), "changes prod/pointer.yaml"),
    "what is none of ours": (judged(touched=(POINTER, "../dags/x.py")), "changes ../dags/x.py"),
    "a hold that it lifts": (judged(HOLDS, before=HELD, after=None), "lets go"),
    "a hold that it changes": (
        judged(HOLDS, before=HELD, after=HELD.replace(b"audit", b"nothing")),
        "lets go",
    ),
    "a merge": (judged(touched=None), "is a merge"),
    "no signature": (judged(by=commit(signer="")), "it has no SSH signature"),
    "somebody else's signature": (judged(by=commit(signer="ana@example.com")), "signed by ana@example.com"),
    "no signature, as committer": (
        judged(by=commit("ana@example.com", "", committer=ME)),
        "it has no SSH signature",
    ),
    "its signature under another name": (
        judged(by=commit("ana@example.com"), restores=False),
        "was never Stable here",
    ),
    "another way to write its address": (judged(by=commit(ME.upper(), "")), "it has no SSH signature"),
}


@pytest.mark.parametrize(("found", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_everything_else_is_refused(found: str | None, said: str) -> None:
    assert found is not None
    assert said in found


def test_what_others_do_is_none_of_this_rule() -> None:
    assert judged(by=commit("ana@example.com", "ana@example.com"), restores=False, touched=None) is None
    assert judged(by=commit("ana@example.com", ""), restores=False, touched=None) is None
    assert not is_by(None, {ME})


def test_without_a_reverter_nobody_is_it() -> None:
    assert addresses_of(parse_desired(folder(), "dev")) == frozenset()
