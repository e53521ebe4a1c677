"""What the commit has to be that takes a release back."""

from __future__ import annotations

from local.demo.checks.git import Revert
from local.demo.health import acts
from local.demo.health.stage import REVERTER
from local.demo.story import Story


def revert_of(story: Story, bad: str, good: str, good_at: str) -> Revert:
    """Of a version that was just pushed, to one whose pointer is that of the commit `good_at`."""
    head, release = story.environment.head, story.releases[bad].id
    said = {
        "Reverts": head,
        "Quarantines": release,
        "Release": story.releases[good].id,
        "Alarm": acts.ALARM,
        "Environment": "dev",
    }
    return Revert(head, REVERTER, release, story.releases[good].id, good_at, said)
