"""The window gate: no change in a freeze, and none outside the times that are allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.core.windows import Openings, Span
from reconciler.model.plan import Change
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict


def window(openings: Openings, changes: Sequence[Change]) -> Verdict:
    """Hold back what a person changed until the next moment at which that is allowed.

    ``changes`` are those that are no part of a rollback, which does not wait. What only puts back or tidies
    up does not either.
    """
    held = tuple(sorted(change.dag_id for change in changes if change.by_people))
    if openings.is_open(openings.now):
        closes = openings.next_close()
        return Verdict.go(
            "window", "No freeze is on." + (f" Changes are allowed until {_told(closes)}." if closes else "")
        )
    freeze = openings.frozen_by(openings.now)
    why = f"The freeze {freeze.window} is on" if freeze is not None else "No window for changes is on"
    if not held:
        return Verdict.go("window", f"{why}; nothing here has to wait for that.")
    opens = openings.next_open()
    then = (
        f"until {_told(opens)}: the change begins then by itself."
        if opens is not None
        else "and none comes within a year: revert the commit, change `policy.windows`, and commit it again."
    )
    return Verdict(
        gate="window",
        decision=Decision.WAIT,
        reason=Reason.WINDOW_CLOSED,
        message=f"{why}, {then}",
        dag_ids=held,
        evidence=(*_lines("freeze", openings.freeze), *_lines("allowed", openings.allow or ())),
        until=opens,
    )


def _lines(kind: str, spans: Iterable[Span]) -> list[str]:
    """Of each window when it is on next."""
    nearest: dict[str, Span] = {}
    for span in spans:
        nearest[span.window] = min(nearest.get(span.window, span), span, key=lambda one: one.start)
    return [
        f"{kind} {name}: {_told(span.start)} to {_told(span.end)}" for name, span in sorted(nearest.items())
    ]


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
