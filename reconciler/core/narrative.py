"""The sentences that people read in events: what happened, what it means, what happens next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.plan import Action, Change, Plan

_VERBS = {
    Action.ADD: "added",
    Action.UPDATE: "updated",
    Action.HEAL: "healed",
    Action.PUT_BACK: "put back",
    Action.REPOINT: "re-pointed",
    Action.REMOVE: "removed",
}

_FEW = 3


def names(dag_ids: Iterable[str], most: int = 5) -> str:
    """``one, two, three and 4 more``."""
    listed = list(dag_ids)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")


def versions(components: Mapping[str, str]) -> str:
    """``dags 1.1.0, dbt 1.0.0, libs 1.0.0``."""
    return ", ".join(f"{name} {version}" for name, version in sorted(components.items()))


def counts(changes: Sequence[Change], total: int) -> str:
    """``2 DAGs updated, 1 added, 22 untouched``."""
    counter = Counter(change.action for change in changes)
    parts = [f"{counter[action]} {verb}" for action, verb in _VERBS.items() if counter[action]]
    untouched = total - sum(1 for change in changes if change.action is not Action.REMOVE)
    if untouched > 0:
        parts.append(f"{untouched} untouched")
    return ", ".join(parts) if parts else "no DAG changes"


def beginning(plan: Plan, components: Mapping[str, str], total: int) -> str:
    """Told when an operation begins."""
    return (
        f"{plan.environment} goes to {versions(components)} (release {plan.release}): "
        f"DAGs: {counts(plan.changes, total)}."
    )


def success(
    environment: str, components: Mapping[str, str], release: str, found: float, approved: float | None
) -> str:
    """Told when everything a commit asks for is live and was seen running, seconds after it was found."""
    since = f", {approved:.0f} s after it was approved" if approved is not None else ""
    return (
        f"{environment} runs {versions(components)} (release {release}); Airflow was seen running every DAG "
        f"as deployed, {found:.0f} s after the change was found{since}."
    )


def nothing_changes(
    environment: str, revision: str, components: Mapping[str, str], failed: Sequence[str] | None = None
) -> str:
    """Told when a commit needs no change to be live. ``failed``: the signals by which it is judged Failed."""
    ill = f", which is not well ({names(failed)})" if failed else ", which is not well"
    return (
        f"Commit {revision[:10]} changes nothing that runs in {environment}: "
        f"it runs {versions(components)}{' and is well' if failed is None else ill}."
    )


def commit(revision: str, author: str, subject: str) -> str:
    """``0123456789 by Ana <ana@example.com> (Bump dags to 1.1.0)``."""
    return f"{revision[:10]} by {author} ({subject})"


def superseded(before: str, now: str) -> str:
    """Told when a commit's operation ends because another commit is gone to."""
    return f"Commit {before} was not finished: {now} took over."


def rules_changed(environment: str, commit: str, lines: Sequence[str], approvals: Sequence[str]) -> str:
    """Told when other rules come into force: what differs, by whom, and who approved it."""
    shown, rest = "; ".join(lines[:_FEW]), len(lines) - _FEW
    more = f" and {rest} more" if rest > 0 else ""
    agreed = names(approvals) or "nobody had to approve it"
    return f"Other rules are in force in {environment}: {shown}{more}. Commit {commit}; {agreed}."


def drift(keys: Sequence[str]) -> str:
    """Told when somebody else changed live files of ours."""
    return (
        f"Changed or deleted by somebody else, without a commit: {names(keys)}. "
        "It is put back. To change what runs, commit to the environment repo."
    )
