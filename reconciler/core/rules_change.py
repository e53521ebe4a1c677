"""What differs between two sets of rules, in lines that people read, and the event that tells of it.

Called wherever a commit is accepted. The lines are short; git has the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core import narrative
from reconciler.core.approvals import said_of_rules
from reconciler.core.findings import News, event_of
from reconciler.core.identity import canonical
from reconciler.model.environment import Desired
from reconciler.model.event import EventDraft
from reconciler.model.reason import Reason, Severity
from reconciler.model.state import EnvironmentState

_MOST = 20
"""Lines of one change."""

_HEAD, _TAIL = 48, 12
"""Characters of a long value that are shown: of keys, the end is what differs."""


def changed_rules(before: Desired, after: Desired) -> tuple[str, ...]:
    """``policy.approval.required: 1 → 0``, a line for each rule that differs; empty if none does."""
    old, new = dict(_flat(said_of_rules(before))), dict(_flat(said_of_rules(after)))
    differing = [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)]
    rest = len(differing) - _MOST
    more = (f"and {rest} more",) if rest > 0 else ()
    return (*(_line(path, old.get(path), new.get(path)) for path in differing[:_MOST]), *more)


def told(before: EnvironmentState, after: EnvironmentState) -> tuple[EventDraft, ...]:
    """The event of the step by which other rules come into force; none if they stay, or are the first."""
    old, new, operation = before.accepted, after.accepted, after.operation
    if old is None or new is None or old.desired == new.desired:
        return ()
    lines = changed_rules(old.desired, new.desired)
    if not lines:
        return ()
    ours = operation is not None and operation.revision == new.revision
    approvals = operation.approvals if operation is not None and ours else ()
    commit = narrative.commit(new.revision, new.author, new.subject)
    news = News(
        reason=Reason.RULES_CHANGED,
        message=narrative.rules_changed(after.environment, commit, lines, approvals),
        severity=Severity.WARNING,
        evidence=(*approvals, *lines),
    )
    return (event_of(news, after, new.revision),)


def _flat(said: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Each value with its dotted path."""
    for name, value in said.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _line(path: str, old: object, new: object) -> str:
    name = path.removeprefix("environment.")
    if not any(isinstance(one, list) and one for one in (old, new)):
        return f"{name}: {_said(old)} → {_said(new)}"
    before, after = (one if isinstance(one, list) else [] for one in (old, new))
    gone = [f"- {_said(one)}" for one in before if one and one not in after]
    come = [f"+ {_said(one)}" for one in after if one and one not in before]
    return f"{name}: {'; '.join([*gone, *come]) or 'the same, written otherwise'}"


def _said(value: object) -> str:
    text = value if isinstance(value, str) else "none" if value is None else canonical(value).decode()
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}…{text[-_TAIL:]}"
