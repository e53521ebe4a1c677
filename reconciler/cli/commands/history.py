"""``reconciler history``: every attempt to reach a commit, kept for ever; and is the record intact?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, begin
from reconciler.cli.errors import Unhealthy
from reconciler.cli.output import Format, duration, short

if TYPE_CHECKING:
    from reconciler.model.event import Event
    from reconciler.model.state import Operation
    from reconciler.ports import StateStore

_BATCH = 1_000


def history(
    ctx: typer.Context,
    env: EnvironmentArgument,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that no event was changed or removed.")
    ] = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """List every attempt: what, who, why, how it ended."""
    cli = begin(ctx, output)
    name, store = cli.known(env), cli.platform.store()
    operations = store.operations(name, limit)
    checked = _verify(store, name) if verify else None
    cli.out.document(
        {
            "environment": name,
            "operations": [operation.to_json() for operation in operations],
            **({"verified": {"intact": True, "events": checked}} if checked is not None else {}),
        }
    )
    _show(cli, name, [_row(operation) for operation in operations])
    if checked is not None:
        cli.out.line(f"\n✓ The record of {checked} events is intact.", "green")


def _show(cli: Cli, name: str, rows: list[list[str]]) -> None:
    if not rows:
        cli.out.line(f"Nothing was ever applied to {name}.")
    cli.out.table(["#", "started", "who", "approved", "phase", "took", "what"], rows)


def _row(operation: Operation) -> list[str]:
    took = operation.finished_at - operation.started_at if operation.finished_at else None
    return [
        str(operation.attempt),
        f"{operation.started_at:%Y-%m-%d %H:%MZ}",
        operation.initiated_by.partition(" <")[0],
        _approved(operation),
        operation.phase.value,
        duration(took) if took is not None else "",
        _what(operation),
    ]


def _approved(operation: Operation) -> str:
    """``ben, cleo``: their addresses' beginnings, as the whole of them is in the document."""
    people = ", ".join(who.partition("@")[0] for who in operation.approved_by)
    return f"glass: {people}" if operation.glass_broken else people


def _what(operation: Operation) -> str:
    """``0123456789 webhook: Bump dags to 1.1.0; dags 1.1.0, dbt 1.0.0, libs 1.0.0``, and rules."""
    from reconciler.core.narrative import names, versions

    why = ": ".join(filter(None, [operation.triggered_by.value, operation.subject]))
    rules = names((line.partition(": ")[0] for line in operation.rules), 2)
    parts = [f"{short(operation.revision)} {why}", versions(operation.versions), rules and f"rules: {rules}"]
    return "; ".join(filter(None, parts))


def _verify(store: StateStore, name: str) -> int:
    """How many events were checked. ``Unhealthy`` names the first that does not fit."""
    from reconciler.core.chain import verify

    state = store.load(name)
    events = list(_all(store, name))
    broken = verify(events, "")
    # Cutting off the newest events leaves a good chain; the state remembers how it ended.
    known = events[: state.sequence]
    if broken is None and (known[-1].hash if known else "") != state.chain_hash:
        broken = len(known) + 1 if len(known) < state.sequence else state.sequence
    if broken is not None:
        raise Unhealthy(
            f"The record of {name} is broken at event {broken}: it or one before was changed or removed.",
            "Compare the table with its point-in-time recovery, and find out who may write to it.",
        )
    return len(events)


def _all(store: StateStore, name: str) -> Iterator[Event]:
    last = 0
    while batch := store.events(name, last, _BATCH):
        yield from batch
        last = batch[-1].sequence
