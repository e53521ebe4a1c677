"""Commits that cannot be applied: what is live stays, and a person is told what to do."""

from __future__ import annotations

from local.demo.checks import airflow, folder, repo, told
from local.demo.checks.check import Check
from local.demo.environment_repo import POINTER
from local.demo.scenes.scene import Scene
from local.demo.story import Story

BROKEN_TOLD = Check("a pointer that is not YAML: an event names file and line", "events", told.told)
BROKEN_SAFE = Check("a pointer that is not YAML: nothing live changes", "changes", folder.nothing_changed)
UNKNOWN_TOLD = Check(
    "a version that was never published: an event says so and what to do", "events", told.told
)
UNKNOWN_SAFE = Check(
    "a version that was never published: nothing live changes", "changes", folder.nothing_changed
)
FORCED_TOLD = Check("a forced push: an event says that history was rewritten", "events", told.told)
FORCED_SAFE = Check("a forced push: nothing live changes", "changes", folder.nothing_changed)
RECOVERED = Check(
    "a good commit afterwards is applied", "s", airflow.runs_releases, "good commit after bad ones → live"
)
UNWRITTEN = Check("the branch is where people left it: nobody else pushed", "tip", repo.tip_is)


def play(story: Story) -> None:
    """Three mistakes one after the other, then the way out."""
    story.quiet()
    good = story.environment.head
    before, after = story.live(), story.last_event()

    story.environment.write(POINTER, "components:\n  dags: {version: 1.1.0\n  libs: 1.0.0\n")
    story.environment.commit("Deploy in a hurry")
    story.push("Deploy in a hurry")
    broken = told.Words(after, "InvalidConfiguration", ("dev/pointer.yaml:",))
    _stands(story, before, (BROKEN_TOLD, BROKEN_SAFE), broken)

    story.environment.revert()
    story.environment.bump("dags", "9.9.9")
    story.environment.commit("Deploy dags 9.9.9 to dev")
    story.push("Deploy dags 9.9.9 to dev")
    words = ("dags 9.9.9 was never published", "reconciler publish")
    _stands(story, before, (UNKNOWN_TOLD, UNKNOWN_SAFE), told.Words(after, "ArtifactFailed", words))

    tip = story.environment.head
    story.environment.go_to(f"{good}~1")
    story.environment.write("environments/NOTES.md", "History, rewritten.\n")
    story.environment.commit("Rewrite history")
    story.push("Rewrite history", "--force")
    rewritten = ("history was rewritten", "Push a commit whose history contains")
    _stands(story, before, (FORCED_TOLD, FORCED_SAFE), told.Words(after, "RevisionNotDescendant", rewritten))

    story.environment.go_to(tip)
    story.environment.bump("dags", "1.1.0")
    story.environment.commit("Deploy dags 1.1.0 to dev, for good")
    pushed = story.push("Deploy dags 1.1.0 to dev, for good", "--force")
    story.until(RECOVERED, story.expect("1.0.0", changed="1.1.0"), limit=300, since=pushed)
    story.judge(UNWRITTEN, story.environment.head)


def _stands(
    story: Story, before: folder.Live, checks: tuple[Check[tuple[told.Words, ...]], Check[folder.Live]],
    words: told.Words,
) -> None:  # fmt: skip
    said, safe = checks
    story.until(said, (words,), limit=60)
    story.quiet()
    story.judge(safe, before)


SCENE = Scene(
    "Commits that cannot be applied",
    "A typing error, a version that does not exist, a forced push: each changes nothing and says what to do.",
    (BROKEN_TOLD, BROKEN_SAFE, UNKNOWN_TOLD, UNKNOWN_SAFE, FORCED_TOLD, FORCED_SAFE, RECOVERED, UNWRITTEN),
    play,
)
