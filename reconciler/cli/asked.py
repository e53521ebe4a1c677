"""What the tip asks of an environment that is not so yet: versions, rules, and whose commits ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.output import short
from reconciler.model.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.platform import Platform
    from reconciler.model.environment import Desired
    from reconciler.model.observation import Commit
    from reconciler.model.state import EnvironmentState
    from reconciler.ports import EnvironmentRepo

_MOST = 3
"""Commits, and rules, that are named."""


@dataclass(frozen=True)
class Asked:
    """By component the version that runs (None: none does) and the wanted one; lines of rules; the commits.

    The newest commit comes first. ``losing``: DAGs that may lose runs, and might not before.
    """

    versions: dict[str, tuple[str | None, str]]
    losing: tuple[str, ...]
    rules: tuple[str, ...]
    commits: tuple[Commit, ...]

    def to_json(self) -> dict[str, object]:
        """For ``--output json``."""
        commits = [{"sha": one.sha, "author": one.author, "subject": one.subject} for one in self.commits]
        versions = {part: {"from": old, "to": new} for part, (old, new) in self.versions.items()}
        return {
            "versions": versions,
            "losesRuns": list(self.losing),
            "rules": list(self.rules),
            "commits": commits,
        }

    def facts(self) -> list[tuple[str, str]]:
        """Names and values for a person."""
        from reconciler.core.narrative import names

        versions = [f"{part} {old or 'none'} → {new}" for part, (old, new) in self.versions.items()]
        commits = [f"{one.author}: {one.subject} ({short(one.sha)})" for one in self.commits]
        return [
            ("Wanted", names(versions, _MOST)),
            ("May lose runs", names(self.losing, _MOST)),
            ("New rules", names(self.rules, _MOST)),
            ("Wanted by", names(commits, _MOST)),
        ]


def asked(platform: Platform, state: EnvironmentState, tip: str | None) -> Asked | None:
    """What is asked for and not so; None if it is so, or cannot be read. Git is only asked if need be."""
    accepted = state.accepted
    if tip is None or accepted is None or tip == accepted.revision:
        found = Asked(_versions(state, accepted.desired), (), (), ()) if accepted is not None else None
    else:
        try:
            found = _of_tip(platform.repo(), state, accepted.desired, accepted.revision, tip)
        except ReconcilerError:
            return None  # the conditions say what is wrong with it
    return found if found is not None and (found.versions or found.losing or found.rules) else None


def _of_tip(repo: EnvironmentRepo, state: EnvironmentState, in_force: Desired, since: str, tip: str) -> Asked:
    from reconciler.core.approvals import losing
    from reconciler.core.declarations import parse_desired
    from reconciler.core.rules_change import changed_rules
    from reconciler.engine.admission import rule_files

    name = state.environment
    desired = parse_desired(repo.files(tip), name)
    commits = repo.changes(since, tip, (f"{name}/pointer.yaml", *rule_files(name)), "")
    more = sorted(set(losing(desired)) - set(losing(in_force)))
    return Asked(_versions(state, desired), tuple(more), changed_rules(in_force, desired), tuple(commits))


def _versions(state: EnvironmentState, desired: Desired) -> dict[str, tuple[str | None, str]]:
    """The versions that differ from those that run."""
    live = state.applied.desired.pointer.components if state.applied is not None else {}
    wanted = sorted(desired.pointer.components.items())
    pairs = {part.value: (live[part].version if part in live else None, pin.version) for part, pin in wanted}
    return {part: (old, new) for part, (old, new) in pairs.items() if old != new}
