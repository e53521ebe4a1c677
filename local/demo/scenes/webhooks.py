"""Webhooks come many times, late, or never. They are only hints to look, so none of it matters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from local.demo.checks import airflow, folder, told
from local.demo.checks.check import Check
from local.demo.scenes.scene import Scene
from local.demo.story import PROBE, Story

TIMES = 10
OLD = "webhook of the first commit"
"""The note that holds the webhook of a commit from long ago, lost until now."""

ACCEPTED = Check("the same webhook ten times: each is accepted", "webhooks", told.answered)
LIVE = Check("the commit they tell of is live", "s", airflow.runs_releases, "ten equal webhooks → live")
OLD_ACCEPTED = Check("an old commit's webhook, minutes late: accepted", "webhook", told.answered)
NO_WAY_BACK = Check(
    "it changes nothing: the branch says what runs, not the webhook", "changes", folder.nothing_changed
)
FOUND = Check(
    "a commit whose webhook was lost is found by the sweep",
    "s",
    airflow.runs_releases,
    "lost webhook → found and live",
)
ONCE = Check("all of it wrote the pointer of the DAG once per commit", "writes", folder.written)


def play(story: Story) -> None:
    """A bad day of a Git host."""
    story.quiet()
    pointer = folder.pointer(PROBE)
    versions = len(story.outside.versions(pointer))
    story.environment.bump("dags", "1.1.0")
    story.environment.commit("Deploy dags 1.1.0 to dev again")
    _ten_times(story)
    _late(story)
    story.environment.revert()
    pushed, _ = story.lose("Revert it (its webhook is lost)")
    story.until(FOUND, story.expect("1.0.0"), limit=110, since=pushed)
    story.quiet()
    wrote = tuple(story.releases[version].id for version in ("1.1.0", "1.0.0"))
    story.judge(ONCE, folder.Written(PROBE, versions, wrote))


def _ten_times(story: Story) -> None:
    hooks = story.info.webhooks
    pushed, webhook = story.lose("Deploy dags 1.1.0 to dev again")
    with ThreadPoolExecutor(TIMES) as pool:
        answers = tuple(pool.map(lambda _: hooks.redeliver(webhook), range(TIMES)))
    story.judge(ACCEPTED, told.Answers(answers, 202))
    story.until(LIVE, story.expect("1.0.0", changed="1.1.0"), limit=300, since=pushed)
    story.quiet()


def _late(story: Story) -> None:
    before = story.live()
    status = story.info.webhooks.redeliver(story.notes[OLD])
    story.judge(OLD_ACCEPTED, told.Answers((status,), 202))
    story.quiet()
    story.judge(NO_WAY_BACK, before)


SCENE = Scene(
    "Webhooks: ten times the same, one late, one lost",
    "A webhook is only a hint to look at the branch. What it says is never believed or remembered.",
    (ACCEPTED, LIVE, OLD_ACCEPTED, NO_WAY_BACK, FOUND, ONCE),
    play,
)
