"""``reconciler sync``: asks for a tick. Nothing is applied from here."""

from __future__ import annotations

from uuid import uuid4

import typer

from reconciler.cli.context import EnvironmentArgument, OutputOption, begin
from reconciler.cli.output import Format
from reconciler.model.reason import TriggeredBy


def sync(ctx: typer.Context, env: EnvironmentArgument, output: OutputOption = Format.TEXT) -> None:
    """Ask for a look at an environment now."""
    cli = begin(ctx, output)
    name = cli.known(env)
    # A person who asks again means it: never dropped as a repeat.
    cli.platform.queue().request(name, TriggeredBy.MANUAL, "", uuid4().hex)
    cli.out.document({"environment": name, "requested": True})
    cli.out.line(f"Asked for a tick of {name}. Follow it with: reconciler wait {name}")
