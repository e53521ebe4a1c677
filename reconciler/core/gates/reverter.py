"""What the identity that reverts may change: a pointer back to what was Stable, and holds that hold more.

It signs by itself, whatever sets off an alarm; so nothing else is taken from it, wherever its key may be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.approvals import email_of
from reconciler.core.narrative import names
from reconciler.core.signers import parse_signers, person
from reconciler.model.environment import Desired
from reconciler.model.holds import Holds
from reconciler.model.observation import Commit
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict


@dataclass(frozen=True)
class Asked:
    """What is asked for in an environment, as far as it may be the reverter's doing.

    ``changed``: the newest commit of each file that says something else than before. ``touched``: the files
    that the reverter's commits change, by commit, None for a merge. ``restores``: the pointer is that of a
    release which was Stable here.
    """

    before: Desired | None
    after: Desired
    changed: Mapping[str, Commit | None]
    touched: Mapping[str, Sequence[str] | None]
    restores: bool


def addresses_of(desired: Desired) -> frozenset[str]:
    """The addresses of the identity that reverts, in lower case; none if there is none."""
    if desired.reverter is None:
        return frozenset()
    return person(parse_signers(desired.signers)[0], desired.reverter)


def is_by(commit: Commit | None, reverter: Collection[str]) -> bool:
    """Is a commit the reverter's, or does it say to be?"""
    if commit is None:
        return False
    return bool({commit.signer, email_of(commit.author), email_of(commit.committer)} & {*reverter})


def within_bounds(asked: Asked, reverter: Collection[str]) -> Verdict | None:
    """Wait, for a commit by somebody else, if the reverter asks for what it may not; None if it does not."""
    found = list(_flaws(asked, reverter))
    if not found:
        return None
    return Verdict(
        gate="source",
        decision=Decision.WAIT,
        reason=Reason.REVERTER_REFUSED,
        message=f"{found[0]}. The identity that reverts may bring back a release that was Stable here, hold "
        "and quarantine, and nothing else. Waits for a commit on top by somebody else, that changes the same "
        "files. If nobody knows of this commit, the key of that identity is in wrong hands: take it out of "
        "allowed_signers.",
        evidence=tuple(found),
    )


def _flaws(asked: Asked, reverter: Collection[str]) -> Iterator[str]:
    for path, commit in asked.changed.items():
        if commit is not None and is_by(commit, reverter):
            told = f"Commit {commit.sha[:10]} by {commit.author}"
            flaw = _flaw(asked, path, commit, reverter)
            if flaw is not None:
                yield f"{told} {flaw}"


def _flaw(asked: Asked, path: str, commit: Commit, reverter: Collection[str]) -> str | None:
    name = asked.after.environment.name
    pointer, holds = f"{name}/pointer.yaml", f"{name}/holds.yaml"
    if commit.signer not in reverter:
        return f"is not signed with the key of that address: {commit.flaw or f'signed by {commit.signer}'}"
    touched = asked.touched.get(commit.sha)
    if touched is None:
        return "is a merge, or has no parent"
    others = [one for one in touched if one not in {pointer, holds}]
    if others:
        return f"changes {names(others)}"
    if path == pointer and not asked.restores:
        return f"asks in {path} for what was never Stable here"
    if path == holds and asked.after.holds.let_go(asked.before.holds if asked.before else Holds()):
        return f"lets go in {path} what was held"
    return None
