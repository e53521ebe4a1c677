"""The source gate: each file of an environment says what somebody known has signed, whoever pushed it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.declarations import CONFIG, SIGNERS
from reconciler.core.narrative import names
from reconciler.core.signers import said_by
from reconciler.model.environment import Desired
from reconciler.model.holds import Holds
from reconciler.model.observation import Commit
from reconciler.model.policy import SourcePolicy
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict


def to_sign(before: Desired | None, after: Desired) -> tuple[str, ...]:
    """The files that say something else than what is in force (None: nothing is yet).

    ``holds.yaml`` is none of them while it lifts nothing: to stop everything takes no key.
    """
    old = _said(before) if before is not None else {}
    changed = [path for path, said in _said(after).items() if old.get(path) != said]
    if not after.holds.let_go(before.holds if before is not None else Holds()):
        changed = [path for path in changed if path != _holds(after)]
    return tuple(changed)


def source(policy: SourcePolicy, changed: Mapping[str, Commit | None]) -> Verdict:
    """Wait until the newest change of each file is signed by somebody known.

    ``changed``: the commit of that change, by path; None: there is none since what is in force.
    """
    if not policy.signed:
        return Verdict.go("source", "No signatures are asked for.")
    evidence = tuple(f"{path}: {_told(commit)}" for path, commit in changed.items())
    bad = [path for path, commit in changed.items() if commit is None or not commit.signer]
    if not bad:
        known = sorted({commit.signer for commit in changed.values() if commit is not None})
        said = f"Signed by {names(known)}." if known else "Nothing changes that has to be signed."
        return Verdict.go("source", said).model_copy(update={"evidence": evidence})
    return Verdict(
        gate="source",
        decision=Decision.WAIT,
        reason=Reason.SIGNATURE_MISSING,
        message=f"The newest change of {names(bad)} is not signed by somebody known here: "
        f"{_told(changed[bad[0]])}. Waits for a commit on top that changes "
        f"{'it' if len(bad) == 1 else 'each of them'}, if only a comment, with the signature of somebody "
        f"in the accepted {SIGNERS}.",
        evidence=evidence,
    )


def _told(commit: Commit | None) -> str:
    if commit is None:
        return "no commit since what is in force changes it, yet it says something else"
    signed = f"signed by {commit.signer}" if commit.signer else commit.flaw
    return f"commit {commit.sha[:10]} by {commit.author}: {signed}"


def _said(desired: Desired) -> dict[str, object]:
    """What each file says of an environment."""
    name = desired.environment.name
    return {
        f"{name}/pointer.yaml": desired.pointer,
        f"{name}/environment.yaml": desired.environment,
        _holds(desired): desired.holds,
        CONFIG: (desired.roles, desired.upstream, desired.reverter),
        SIGNERS: said_by(desired.signers),
    }


def _holds(desired: Desired) -> str:
    return f"{desired.environment.name}/holds.yaml"
