"""``reconciler events``: what happened, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, begin
from reconciler.cli.output import Format, short, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.event import Event

_POLL_SECONDS = 2.0
_BATCH = 500


def events(
    ctx: typer.Context,
    env: EnvironmentArgument,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones until Ctrl-C.")] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help="Show what each one rests on.")] = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """List what happened, why, and what to do."""
    cli = begin(ctx, output)
    name = cli.known(env)
    newest = cli.platform.store().load(name).sequence
    found = _since(cli, name, max(0, newest - limit))
    if follow:
        _follow(cli, name, found, evidence)
        return
    cli.out.document({"environment": name, "events": [event.to_json() for event in found]})
    if not found:
        cli.out.line(f"Nothing has happened in {name} yet.")
    cli.out.table(["#", "time", "severity", "reason", "message"], list(_rows(found, evidence)))


def _since(cli: Cli, name: str, after: int) -> list[Event]:
    store = cli.platform.store()
    found: list[Event] = []
    while batch := store.events(name, found[-1].sequence if found else after, _BATCH):
        found += batch
    return found


def _rows(found: Sequence[Event], evidence: bool) -> list[list[str]]:
    rows = []
    for event in found:
        rows.append(
            [str(event.sequence), when(event.at), event.severity.value, event.reason.value, event.message]
        )
        rows += [["", "", "", "", f"· {line}"] for line in event.evidence] if evidence else []
    return rows


def _follow(cli: Cli, name: str, found: list[Event], evidence: bool) -> None:
    """A line per event, or a JSON document per line, until somebody stops it."""
    clock, last = cli.platform.clock(), 0
    while True:
        for event in found:
            _tell(cli, event, evidence)
            last = event.sequence
        clock.sleep(_POLL_SECONDS)
        found = _since(cli, name, last)


def _tell(cli: Cli, event: Event, evidence: bool) -> None:
    cli.out.record(event.to_json())
    revision = f" [{short(event.revision)}]" if event.revision else ""
    colour = {"error": "red", "warning": "yellow"}.get(event.severity.value, "")
    cli.out.line(
        f"{when(event.at)} {event.severity.value:<7} {event.reason.value}{revision} {event.message}", colour
    )
    for line in event.evidence if evidence else ():
        cli.out.line(f"    · {line}")
