"""``reconciler wait``: until a commit is live and healthy, or is judged bad, or the time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from reconciler.cli.context import EnvironmentArgument, OutputOption, begin
from reconciler.cli.output import Format, duration, short
from reconciler.cli.revisions import TIP, resolve
from reconciler.cli.waiting import LiveWatch


def wait(
    ctx: typer.Context,
    env: EnvironmentArgument,
    revision: Annotated[str, typer.Option(help="The commit: tip, or the id of a pushed one.")] = TIP,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds.")] = 900,
    output: OutputOption = Format.TEXT,
) -> None:
    """Wait until a commit is live and healthy.

    Or one that contains it. Ends with 7 if it was judged bad, with 4 when the time is over.
    """
    cli = begin(ctx, output)
    name, platform = cli.known(env), cli.platform
    repo, clock = platform.repo(), platform.clock()
    watch = LiveWatch(repo, platform.store(), clock, name, resolve(repo, revision))
    with cli.out.progress() as progress:
        state = watch.until_live(timedelta(seconds=timeout), progress)
    took = clock.now() - watch.began
    cli.out.document(
        {
            "environment": name,
            "revision": watch.revision,
            "appliedRevision": state.applied.revision if state.applied else None,
            "release": state.applied.release if state.applied else None,
            "health": state.health.value,
            "waitedSeconds": took.total_seconds(),
            "rulesWait": (waits := watch.rules_wait(state)),
        }
    )
    cli.out.line(f"✓ {name} runs {short(watch.revision)}, seen healthy after {duration(took)}.", "green")
    if waits is not None:
        cli.out.line(f"Its other rules are not in force yet: {waits}")
