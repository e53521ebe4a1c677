"""The alarm of 1.3.0 is told of a thousand times, from the first moment on: there is one commit."""

from __future__ import annotations

from local.demo.checks import airflow, git, told
from local.demo.checks.check import Check
from local.demo.health import acts, copies
from local.demo.health.expected import revert_of
from local.demo.health.scenes.stable_release import FIRST
from local.demo.scenes.scene import Scene
from local.demo.story import Story

BAD = "1.3.0"
COPIES = 1000

ANSWERED = Check("the alarm's event a thousand times over: each copy is answered", "copies", told.answered)
ONE = Check("there is one commit", "commits", git.one_commit, "commits after 1,000 copies of an alarm")
ONCE = Check("people are told of it once", "events", told.told_times)
NOT_TWICE = Check("and of nothing that was suppressed", "events", told.told_times)
BACK = Check("1.0.0 is back after that", "s", airflow.runs_releases)


def play(story: Story) -> None:
    """Events are delivered at least once; a storm of them must not become a storm of commits."""
    acts.calm(story)
    acts.version_of_the_probe(story, FIRST, BAD, broken=True)
    after = story.last_event()
    acts.deploy(story, BAD)
    expected = revert_of(story, BAD)
    acts.live(story, story.expect(FIRST, changed=BAD))
    listener = copies.Listener.to(story.info, acts.ALARM)
    acts.run(story, *acts.enough("copies"))
    with story.screen.waiting("the alarm"):
        event = listener.next(60)
    story.screen.command(f"aws lambda invoke --function-name OnAlarm --payload ...  # {COPIES} times")
    with story.screen.waiting(f"{COPIES} copies"):
        statuses = copies.deliver(story.info, event, COPIES)
    story.judge(ANSWERED, told.Answers(statuses, 200))
    story.until(BACK, story.expect(FIRST), limit=90)
    story.quiet()
    story.judge(ONE, expected)
    story.judge(ONCE, told.Times(after, "RevertCommitted", 1))
    story.judge(NOT_TWICE, told.Times(after, "RollbackSuppressed", 0))
    acts.back_to(story, FIRST, BAD)
    story.environment.pull()


SCENE = Scene(
    "A thousand copies of one alarm",
    "EventBridge delivers at least once. What was acted on is known, and what is under way is waited for.",
    (ANSWERED, BACK, ONE, ONCE, NOT_TWICE),
    play,
)
