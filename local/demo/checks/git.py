"""What git says of the commit that takes a release back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from local.demo.checks.check import Judgement, listing
from local.demo.environment_repo import holds_of, pointer_of
from local.demo.outside import GitCommit, Outside

NONE = "there is no commit by the reverter"


@dataclass(frozen=True)
class Revert:
    """The one commit that has to be on the branch after `since`: by whom, and what its message says.

    `bad` is taken back, to `good`: the release that the pointer named at the commit `good_at`.
    """

    since: str
    by: str
    bad: str
    good: str
    good_at: str
    trailers: Mapping[str, str]
    environment: str = "dev"


def one_commit(outside: Outside, expected: Revert) -> Judgement:
    """There is one commit since, and it is by the identity that reverts. Counts the commits."""
    found = outside.commits(expected.since)
    authors = [commit.email for commit in found]
    return Judgement(
        authors == [expected.by], len(found), f"commits since by: {listing(authors) or 'nobody'}"
    )


def signed(outside: Outside, expected: Revert) -> Judgement:
    """Git finds the good signature of that identity on it."""
    commit = _commit(outside, expected)
    signer = outside.commit_signer(commit.sha) if commit else ""
    return Judgement(signer == expected.by, int(signer == expected.by), f"signed by {signer or 'nobody'}")


def trailers(outside: Outside, expected: Revert) -> Judgement:
    """Its message ends with these lines. Counts them."""
    commit = _commit(outside, expected)
    found = commit.trailers if commit else {}
    wrong = [key for key, value in expected.trailers.items() if found.get(key) != value]
    right = len(expected.trailers) - len(wrong)
    return Judgement(bool(expected.trailers) and not wrong, right, f"not as expected: {listing(wrong)}")


def pointer_restored(outside: Outside, expected: Revert) -> Judgement:
    """The pointer is, byte for byte, the one that was there when the good release was deployed."""
    commit, path = _commit(outside, expected), pointer_of(expected.environment)
    if commit is None:
        return Judgement(False, 0, NONE)
    now, then = (outside.file_at(at, path) for at in (commit.sha, expected.good_at))
    held = bool(then) and now == then
    return Judgement(held, len(now) if held else 0, f"{path} has {len(now)} bytes, not those {len(then)}")


def held_and_quarantined(outside: Outside, expected: Revert) -> Judgement:
    """The environment is held at the good release, and the bad one quarantined."""
    commit = _commit(outside, expected)
    if commit is None:
        return Judgement(False, 0, NONE)
    text = outside.file_at(commit.sha, holds_of(expected.environment))
    said = yaml.safe_load(text) or {}
    at = [one.get("at") for one in said.get("holds") or ()]
    out = [one.get("release") for one in said.get("quarantine") or ()]
    held = expected.good in at and expected.bad in out
    return Judgement(
        held, int(held), f"held at {listing(at) or 'none'}, quarantined: {listing(out) or 'none'}"
    )


def _commit(outside: Outside, expected: Revert) -> GitCommit | None:
    """The newest by that identity."""
    ours = [commit for commit in outside.commits(expected.since) if commit.email == expected.by]
    return ours[-1] if ours else None
