"""``reconciler status``: how the environments are, and what needs somebody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.asked import Asked, asked
from reconciler.cli.completion import complete_environment
from reconciler.cli.concerns import concerns, told
from reconciler.cli.context import Cli, OutputOption, begin
from reconciler.cli.gates import outside_json, said_by_gates
from reconciler.cli.output import Format, short, when
from reconciler.cli.watched import bake_cell, document, facts, ill, named, quarantined
from reconciler.model.errors import ReconcilerError
from reconciler.model.reason import ConditionType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reconciler.model.holds import Pin, Reasoned
    from reconciler.model.state import Condition, EnvironmentState, Fence
    from reconciler.model.verdict import Verdict


def status(
    ctx: typer.Context,
    env: Annotated[
        str | None,
        typer.Argument(metavar="[ENV]", help="All by default.", autocompletion=complete_environment),
    ] = None,
    dags: Annotated[bool, typer.Option("--dags", help="List each DAG and the release it runs.")] = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Show what runs, and what needs somebody."""
    cli = begin(ctx, output)
    names = [cli.known(env)] if env else cli.platform.environments()
    tip = _tip(cli)
    states = [cli.platform.store().load(name) for name in names]
    now = cli.platform.clock().now()
    before = {state.environment: _upstream(cli, state) for state in states}
    wanted = [asked(cli.platform, state, tip) for state in states]
    documents = [
        {
            **_document(state, tip, dags),
            **document(state, before[state.environment], now),
            "wanted": one.to_json() if one is not None else None,
        }
        for state, one in zip(states, wanted, strict=True)
    ]
    cli.out.document(documents[0] if env else {"environments": documents})
    if not env:
        _overview(cli, states, tip, now)
    for state, one in zip(states, wanted, strict=True):
        if env:
            _details(cli, state, tip, one, facts(state, before[state.environment], now))
        if dags:
            _list_dags(cli, state)


def _upstream(cli: Cli, state: EnvironmentState) -> EnvironmentState | None:
    """The environment before it, where going back from the same release may have been tried."""
    name = state.accepted.desired.upstream if state.accepted is not None else None
    return cli.platform.store().load(name) if name is not None else None


def _tip(cli: Cli) -> str | None:
    """The branch's tip, to show a reconciler that does not look; the rest is worth showing without it."""
    try:
        return cli.platform.repo().tip()
    except ReconcilerError as error:
        cli.out.note(f"warning: the tip is not known. {error}", colour="yellow")
        return None


def _behind(state: EnvironmentState, tip: str | None) -> bool:
    looked = {state.last_attempted_revision, state.applied.revision if state.applied else None}
    return tip is not None and tip not in looked


def _versions(state: EnvironmentState) -> dict[str, str]:
    if state.applied is None:
        return {}
    return {part.value: pin.version for part, pin in state.applied.desired.pointer.components.items()}


def _held(state: EnvironmentState) -> Sequence[Reasoned]:
    """What holds the whole environment, whether anything waits for it or not."""
    return state.accepted.desired.holds.holds if state.accepted is not None else ()


def _suspended(state: EnvironmentState) -> Reasoned | None:
    return state.accepted.desired.holds.suspended if state.accepted is not None else None


def _phase(state: EnvironmentState) -> str:
    """Of the last operation; whatever came of that, a tip that cannot be applied is what counts."""
    stalled = state.conditions.get(ConditionType.STALLED)
    if stalled is not None and stalled.status:
        return "Stalled"
    return state.operation.phase.value if state.operation else ""


def _pins(state: EnvironmentState) -> tuple[Pin, ...]:
    return state.accepted.desired.holds.pins if state.accepted is not None else ()


def _releases(state: EnvironmentState) -> Counter[str]:
    return Counter(live.pointer.release for live in state.live.values())


def _document(state: EnvironmentState, tip: str | None, dags: bool) -> dict[str, object]:
    document: dict[str, object] = {
        "environment": state.environment,
        "sync": state.sync.value,
        "health": state.health.value,
        "tip": tip,
        "behindTip": _behind(state, tip),
        "versions": _versions(state),
        "release": state.applied.release if state.applied else None,
        "appliedRevision": state.applied.revision if state.applied else None,
        "appliedAt": state.applied.at.isoformat() if state.applied else None,
        "lastAttemptedRevision": state.last_attempted_revision,
        "operation": state.operation.to_json() if state.operation else None,
        "conditions": [condition.to_json() for condition in state.conditions.values()],
        "concerns": [condition.type.value for condition in concerns(state)],
        "dagsByRelease": dict(_releases(state)),
        "fenced": {dag_id: fence.opened_at.isoformat() for dag_id, fence in sorted(state.fences.items())},
        "rejected": {dag_id: rejected.message for dag_id, rejected in sorted(state.rejected.items())},
        "condemned": sorted(state.condemned),
        "held": [one.to_json() for one in _held(state)],
        "pinned": [one.to_json() for one in _pins(state)],
        "gates": [verdict.to_json() for verdict in state.gates],
        "outside": outside_json(state),
    }
    if dags:
        document["dags"] = {
            dag_id: {
                "release": live.pointer.release,
                "verified": live.verified,
                "since": live.flipped_at.isoformat(),
            }
            for dag_id, live in sorted(state.live.items())
        }
    return document


def _overview(cli: Cli, states: list[EnvironmentState], tip: str | None, now: datetime) -> None:
    from reconciler.core.narrative import versions

    cli.out.table(
        ["environment", "sync", "health", "versions", "commit", "operation", "bake", "dags"],
        [
            [
                state.environment,
                state.sync.value,
                state.health.value,
                versions(_versions(state)),
                short(state.applied.revision if state.applied else None),
                _phase(state),
                bake_cell(state, now),
                str(len(state.live)),
            ]
            for state in states
        ],
    )
    for state in states:
        _concerns(cli, state, tip, prefix=f"{state.environment}: ")


def _details(
    cli: Cli,
    state: EnvironmentState,
    tip: str | None,
    wanted: Asked | None,
    watched: list[tuple[str, str]],
) -> None:
    from reconciler.core.gates.hold import told_of
    from reconciler.core.narrative import versions

    applied, operation = state.applied, state.operation
    said = [one.message for one in told(state)]
    held, suspended = [told_of(one) for one in _held(state)], _suspended(state)
    cli.out.line(state.environment, "bold")
    cli.out.facts(
        [
            ("Sync", state.sync.value),
            ("Health", state.health.value),
            ("Versions", versions(_versions(state))),
            ("Release", applied.release if applied else ""),
            ("Applied", f"{short(applied.revision)} at {when(applied.at)}" if applied else "nothing yet"),
            ("Tip", short(tip)),
            ("Phase", _phase(state)),
            ("Operation", _besides(operation.message, said) if operation else ""),
            ("Since", f"{when(operation.started_at)}, attempt {operation.attempt}" if operation else ""),
            ("By", f"{operation.initiated_by}: {operation.subject}" if operation else ""),
            *(wanted.facts() if wanted is not None else ()),
            ("DAGs", ", ".join(f"{n} on {release}" for release, n in _releases(state).most_common())),
            *watched,
            ("Fenced", ", ".join(_fenced(dag_id, fence) for dag_id, fence in sorted(state.fences.items()))),
            ("Condemned", ", ".join(named(state, one) for one in sorted(state.condemned))),
            ("Quarantined", "; ".join(quarantined(state))),
            ("Suspended", told_of(suspended) if suspended is not None else ""),
            ("Held", "; ".join(one for one in held if not _is_in(one, said))),
            ("Pinned", "; ".join(f"{one.dag} to {one.release} by {told_of(one)}" for one in _pins(state))),
        ]
    )
    _concerns(cli, state, tip)
    for line in ill(state):
        if not _is_in(line.partition(": ")[2], said):
            cli.out.line(f"! {line}", "yellow")
    for said_of in said_by_gates(state):
        cli.out.line(f"\nGates: {said_of.commit}")
        cli.out.table(
            ["decision", "gate", "dags", "until", "message"],
            [_gate(one, said) for one in said_of.verdicts],
        )
        for line in (line for one in said_of.closed for line in one.evidence):
            if not _is_in(line, said):
                cli.out.line(f"  {line}")


def _gate(verdict: Verdict, said: Sequence[str]) -> list[str]:
    from reconciler.core.narrative import names

    until = when(verdict.until) if verdict.until is not None else ""
    message = "as above" if _is_in(verdict.message, said) else verdict.message
    return [verdict.decision.value, verdict.gate, names(verdict.dag_ids, 3), until, message]


def _is_in(text: str, said: Sequence[str]) -> bool:
    return any(text in one for one in said)


def _besides(text: str, said: Sequence[str]) -> str:
    """What a text says that was not said."""
    for one in said:
        text = text.replace(one, "")
    return text.strip()


def _fenced(dag_id: str, fence: Fence) -> str:
    paused = "paused by us" if fence.ours else "was paused already"
    return f"{dag_id} ({paused}, flipped behind it since {when(fence.opened_at)})"


def _concerns(cli: Cli, state: EnvironmentState, tip: str | None, prefix: str = "") -> None:
    if _behind(state, tip):
        cli.out.line(
            f"{prefix}! The tip {short(tip)} was not looked at yet. If this lasts longer than a minute, the "
            f"reconciler may be down: reconciler doctor",
            "yellow",
        )
    for one in told(state):
        since = when(_since(one, state))
        text = f"{one.type.value} {_said(one)} since {since}: {one.reason.value}: {one.message}"
        cli.out.line(f"{prefix}! {text}", "yellow")


def _since(condition: Condition, state: EnvironmentState) -> datetime:
    """Since when it is so. ``Baked`` is False of one release after another: that this one failed is newer."""
    failed_at = state.watch.failed_at if state.watch is not None else None
    if condition.type is ConditionType.BAKED and failed_at is not None:
        return max(failed_at, condition.last_transition_at)
    return condition.last_transition_at


def _said(condition: Condition) -> str:
    return "Unknown" if condition.status is None else str(condition.status)


def _list_dags(cli: Cli, state: EnvironmentState) -> None:
    cli.out.line(f"\nDAGs of {state.environment}")
    cli.out.table(
        ["dag", "release", "verified", "since"],
        [
            [dag_id, live.pointer.release, "✓" if live.verified else "not yet", when(live.flipped_at)]
            for dag_id, live in sorted(state.live.items())
        ],
    )
