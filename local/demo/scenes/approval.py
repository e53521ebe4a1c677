"""A change that needs somebody's signature: its author's does not count, another person's does."""

from __future__ import annotations

import time

from local.demo.checks import airflow, folder, repo, told
from local.demo.checks.check import Check
from local.demo.environment_repo import ENVIRONMENT, SIGNERS
from local.demo.people import Person
from local.demo.scenes.scene import Scene
from local.demo.story import Story

CHANGED, VERSION = "generated_0003", "1.9.0"
POLICY = "policy:\n  approval: {required: 1, from: [release-manager]}\n"

REFUSED = Check("the author may not approve her own change, and is told why", "exit code", told.refused)
PENDING = Check("a tag that she signs by hand does not count, and an event says so", "events", told.told)
WAITS = Check("nothing that runs has changed meanwhile", "changes", folder.nothing_changed)
LIVE = Check(
    "approved by another person, 1.9.0 is live by itself", "s", airflow.runs_releases, "approval → live"
)
SIGNED = Check("git finds his good signature on the tag", "tag", repo.signed_by)
TOLD = Check("events say who approved it", "events", told.told)


def play(story: Story) -> None:
    """Nobody deploys to where it matters alone."""
    ana, ben = story.person("Ana"), story.person("Ben")
    _ask_for_approval(story, ana, ben)
    _publish(story)
    before, after = story.live(), story.last_event()
    story.environment.bump("dags", VERSION)
    commit = story.environment.commit(f"Deploy dags {VERSION} to dev", author=str(ana))
    story.push(f"Deploy dags {VERSION} to dev, by {ana.name}")
    _approve_oneself(story, ana, commit)
    story.until(PENDING, (told.Words(after, "ApprovalPending", (ana.email, "does not count")),), limit=90)
    story.quiet()
    story.judge(WAITS, before)
    begin = time.monotonic()
    story.run_as(ben, "approve", "dev", "--yes").expect()
    story.until(LIVE, story.move(VERSION, CHANGED), limit=300, since=begin)
    story.judge(SIGNED, repo.Signed(_tag(commit, ben), ben.email))
    story.until(TOLD, (told.Words(after, "Approved", (ben.email,)),), limit=60)


def _ask_for_approval(story: Story, *people: Person) -> None:
    """From the next change on: this one is judged by what was asked for before."""
    environment = story.environment
    environment.append(SIGNERS, "".join(person.signer for person in people))
    environment.append(ENVIRONMENT, POLICY)
    environment.commit("Ask for approval in dev")
    story.push("Ask for approval in dev")
    story.run_as(people[0], "wait", "dev").expect()


def _publish(story: Story) -> None:
    story.code.edit(f"dags/{CHANGED}.py", "return 2\n", "return 3\n", "Return 3")
    story.releases[VERSION] = story.publish(VERSION, "dags")


def _approve_oneself(story: Story, ana: Person, commit: str) -> None:
    """With the command, which refuses; and without it."""
    ended = story.run_as(ana, "approve", "dev", "--yes")
    own = ("nobody approves what they made themselves",)
    story.judge(REFUSED, told.Refusal(ended.exit_code, ended.stderr, own))
    tag = _tag(commit, ana)
    story.screen.command(f"git tag -s {tag[:24]}… && git push origin {tag[:24]}…  # {ana.name}")
    story.environment.sign(tag, commit, ana)


def _tag(commit: str, who: Person) -> str:
    return f"approval/dev/{commit}/{who.email}"


SCENE = Scene(
    "A change that somebody else has to approve",
    "An approval is a tag with an SSH signature, which git itself verifies. Whoever had part in the change, "
    "in its commit or in its code, cannot give it.",
    (REFUSED, PENDING, WAITS, LIVE, SIGNED, TOLD),
    play,
)
