"""Somebody edits one live pointer by hand and deletes another: the sweep, each minute, puts them back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from local.demo.checks import airflow, folder, told
from local.demo.checks.check import Check
from local.demo.live import PREFIX
from local.demo.scenes.scene import Scene
from local.demo.story import Story
from local.processes import wait_until

EDITED, DELETED = folder.pointer("generated_0001"), folder.pointer("generated_0002")
SETTLED = 5
"""Seconds after which every container has the pointers as they were; a parse that ends later read those."""

HEALED_EDIT = Check("the edited pointer is as deployed again", "s", folder.restored, "hand edit → healed")
HEALED_DELETE = Check("the deleted pointer is there again", "s", folder.restored, "deletion → healed")
RUNNING = Check("all DAGs run their release again", "DAGs", airflow.runs_releases)
TOLD = Check("events say what was changed by hand, and that it was put back", "events", told.told)


def play(story: Story) -> None:
    """What should not happen, and does."""
    before, after = story.outside.folder(), story.last_event()
    s3, bucket = story.outside.s3, story.outside.bucket
    story.screen.command(f"edit s3://{bucket}/{PREFIX}{EDITED}; delete s3://{bucket}/{PREFIX}{DELETED}")
    edited = before[EDITED].body + b"\nraise RuntimeError('an urgent fix, by hand')\n"
    begin = time.monotonic()
    s3.put_object(Bucket=bucket, Key=PREFIX + EDITED, Body=edited)
    s3.delete_object(Bucket=bucket, Key=PREFIX + DELETED)
    story.until(HEALED_EDIT, {EDITED: before[EDITED].body}, limit=90, since=begin)
    story.until(HEALED_DELETE, {DELETED: before[DELETED].body}, limit=90, since=begin)
    _wait_for_a_parse(story)
    story.until(RUNNING, story.expect("1.0.0"), limit=300)
    words = told.Words(after, "DriftDetected", (EDITED, DELETED)), told.Words(after, "DriftHealed")
    story.until(TOLD, words, limit=90)


def _wait_for_a_parse(story: Story) -> None:
    """Airflow may see only now what was wrong for a moment: nothing of that is to reach the next scene."""
    later = datetime.now(UTC) + timedelta(seconds=SETTLED)
    dag_ids = [key.removesuffix(".py") for key in (EDITED, DELETED)]
    with story.screen.waiting("Airflow to parse them again"):
        wait_until(
            lambda: all(story.outside.airflow.parsed_at(dag_id) > later for dag_id in dag_ids),
            120,
            "Airflow has parsed them again",
        )


SCENE = Scene(
    "Somebody edits and deletes live files by hand",
    "No commit asked for it, so it is drift. Nobody is told to look: the sweep, each minute, finds it.",
    (HEALED_EDIT, HEALED_DELETE, RUNNING, TOLD),
    play,
)
