"""From dev to staging and to prod: in this order, the same bytes, signed for, and not during a freeze."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from local.demo.checks import airflow, folder, told
from local.demo.checks.check import Check
from local.demo.environment_repo import environment_of
from local.demo.scenes.approval import VERSION
from local.demo.scenes.scene import Scene
from local.demo.story import Story

FROZEN = timedelta(seconds=45)
"""So long the freeze lasts from when it is declared."""

ORDER = Check("dev is not promoted to prod past staging", "exit code", told.refused)
STAGING = Check(
    "promoted, staging runs what dev runs", "s", airflow.runs_there, "promotion → live in the next one"
)
UNSIGNED = Check("promoted to prod, it waits for a signature: an event says whose", "events", told.told)
WAITS = Check("approved, it waits for the end of the freeze: an event says when", "events", told.told)
LIVE = Check("the freeze over, prod runs it by itself", "s", airflow.runs_there, "end of a freeze → live")
NOT_BEFORE = Check("S3 says that nothing of prod was written before", "DAGs", folder.written_since)
SAME = Check("all three have the same bytes in their DAG folders", "folders", folder.same_bytes)


def play(story: Story) -> None:
    """How a release travels, from a commit to where it matters."""
    ana, ben = story.person("Ana"), story.person("Ben")
    # All DAGs are new there: none has an older release to stay on.
    runs = dict.fromkeys(story.expected, story.releases[VERSION].id)
    with story.screen.waiting("the Airflows of staging and prod"):
        story.start_airflows("staging", "prod")
    ended = story.run_as(ana, "promote", "dev", "prod", "--yes")
    story.judge(ORDER, told.Refusal(ended.exit_code, ended.stderr, ("prod comes after staging",)))
    story.run_as(ana, "promote", "dev", "staging", "--yes").expect()
    story.until(STAGING, airflow.There("staging", runs), limit=300)
    end = _freeze(story)
    story.run_as(ana, "promote", "staging", "prod", "--yes").expect()
    story.until(UNSIGNED, (told.Words(0, "ApprovalPending", ("release-manager",), "prod"),), limit=60)
    story.run_as(ben, "approve", "prod", "--yes").expect()
    story.until(WAITS, (told.Words(0, "WindowClosed", ("month-end", f"{end:%H:%M}"), "prod"),), limit=60)
    left = (end - datetime.now(UTC)).total_seconds()
    story.until(LIVE, airflow.There("prod", runs), limit=300, since=time.monotonic() + left)
    story.judge(NOT_BEFORE, folder.NotBefore("prod", end.isoformat()))
    story.judge(SAME, ("dev", "staging", "prod"))
    story.environment.pull()


def _freeze(story: Story) -> datetime:
    """Freeze prod for a little while, and ask for no hours in staging; returns the freeze's end."""
    environment, file = story.environment, environment_of("prod")
    environment.pull()
    end = datetime.now(UTC).replace(microsecond=0) + FROZEN
    environment.replace(file, r"soakMinutes: \d+", "soakMinutes: 0")
    window = f"{{name: month-end, start: {end - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}, hours: 1}}"
    environment.replace(file, r"(?s)windows:\n.*", f"windows:\n    freeze:\n      - {window}\n")
    environment.commit("Freeze prod for the month's end")
    story.push("Freeze prod for the month's end")
    return end


SCENE = Scene(
    "From dev to staging to prod",
    "What was seen healthy in one environment goes to the next, byte for byte: by a commit each, with the "
    "signature of somebody else, and when prod's calendar allows it.",
    (ORDER, STAGING, UNSIGNED, WAITS, LIVE, NOT_BEFORE, SAME),
    play,
)
