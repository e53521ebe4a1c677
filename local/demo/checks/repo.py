"""What the environment repo's branch says."""

from __future__ import annotations

from dataclasses import dataclass

from local.demo.checks.check import Judgement
from local.demo.outside import Outside


@dataclass(frozen=True)
class Signed:
    """A tag, and whose signature it has to carry."""

    tag: str
    email: str


def signed_by(outside: Outside, expected: Signed) -> Judgement:
    """Git finds the good signature of this person on the tag."""
    signer = outside.signer(expected.tag)
    held = signer == expected.email
    return Judgement(held, int(held), f"signed by {signer or 'nobody'}")


def tip_is(outside: Outside, commit: str) -> Judgement:
    """The branch is at this commit: nobody else pushed."""
    tip = outside.tip()
    return Judgement(tip == commit, int(tip == commit), f"the branch is at {tip[:10]}, not at {commit[:10]}")
