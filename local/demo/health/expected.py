"""What the commit has to be that takes a release back."""

from __future__ import annotations

from local.demo.checks.git import Revert
from local.demo.health import acts
from local.demo.health.stage import REVERTER
from local.demo.story import Story

GOOD = "good"
"""The note that holds the version that would be gone back to, and the commit that deployed it."""


def is_good(story: Story, version: str) -> None:
    """A version is Stable, by the commit that is checked out."""
    story.notes[GOOD] = (version, story.environment.head)


def revert_of(story: Story, bad: str) -> Revert:
    """Of a version that was just pushed, to the last one that was good."""
    good, good_at = story.notes[GOOD]
    head, release = story.environment.head, story.releases[bad].id
    said = {
        "Reverts": head,
        "Quarantines": release,
        "Release": story.releases[good].id,
        "Alarm": acts.ALARM,
        "Environment": "dev",
    }
    return Revert(head, REVERTER, release, story.releases[good].id, good_at, said)
