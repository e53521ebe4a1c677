"""Which commit a person means: ``tip``, a full id, or the beginning of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.cli.errors import Usage

if TYPE_CHECKING:
    from reconciler.ports import EnvironmentRepo

TIP = "tip"
_FULL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{4,63}")
_SEARCHED = 1_000
"""Commits, from the tip back, in which a short id is looked up."""


def resolve(repo: EnvironmentRepo, text: str) -> str:
    """The full id. ``Usage`` if it is none, or the beginning of none or of several commits."""
    if text == TIP:
        return repo.tip()
    wanted = text.lower()
    if _FULL.fullmatch(wanted):
        return wanted
    if not _PREFIX.fullmatch(wanted):
        raise Usage(f"{text!r} is not a commit.", "Give `tip`, or a commit id of at least four digits.")
    found = [commit.sha for commit in repo.log(repo.tip(), ".", _SEARCHED) if commit.sha.startswith(wanted)]
    if len(found) != 1:
        what = "No commit begins" if not found else f"{len(found)} commits begin"
        raise Usage(
            f"{what} with {text} (of the last {_SEARCHED} that touched the environments).",
            "Give the full commit id; it has to be pushed.",
        )
    return found[0]
