"""``hold``, ``release``, ``suspend``, ``resume``: one commit each, of an environment's ``holds.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import hold_acts as acts
from reconciler.cli.completion import complete_quarantined
from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, begin, one_line
from reconciler.cli.errors import Usage
from reconciler.cli.output import Format, short

if TYPE_CHECKING:
    from reconciler.cli.hold_acts import Act
    from reconciler.model.holds import Holds

ReasonOption = Annotated[str, typer.Option("--reason", "-m", help="Why, for those who come upon it.")]


def hold(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    ctx: typer.Context,
    env: EnvironmentArgument,
    reason: ReasonOption,
    at: Annotated[
        str | None, typer.Option(help="The release that may be gone to. (default: no change at all)")
    ] = None,
    dag: Annotated[
        str | None, typer.Option(help="Pin this DAG alone to the release it runs; the others move on.")
    ] = None,
    quarantine: Annotated[
        str | None, typer.Option(help="Let this release alone not be deployed any more.")
    ] = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Let nothing change in an environment, or in one DAG, until it is released; or keep one release out.

    What somebody else changes by hand is still put back. One release may be left to go to.
    """
    cli = begin(ctx, output)
    if sum(one is not None for one in (at, dag, quarantine)) > 1:
        raise Usage("--at, --dag and --quarantine do not go together.", "Make one decision after the other.")
    if dag is not None:
        act = acts.pin(cli.platform, env, dag)
    elif quarantine is not None:
        act = acts.quarantine(cli.platform, env, quarantine)
    else:
        act = acts.hold(cli.platform, env, at)
    _commit(cli, env, reason, act)


def release(
    ctx: typer.Context,
    env: EnvironmentArgument,
    reason: ReasonOption,
    quarantined: Annotated[
        str | None,
        typer.Option(
            help="Lift the quarantine of this release instead.", autocompletion=complete_quarantined
        ),
    ] = None,
    dag: Annotated[str | None, typer.Option(help="Lift the pin of this DAG instead.")] = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Lift the holds of an environment, or the quarantine of one release, or the pin of one DAG."""
    cli = begin(ctx, output)
    if dag is not None and quarantined is not None:
        raise Usage("--dag and --quarantined do not go together.", "Lift one after the other.")
    if dag is not None:
        act = acts.unpin(env, dag)
    elif quarantined is not None:
        act = acts.let_in(env, quarantined)
    else:
        act = acts.let_go(env)
    _commit(cli, env, reason, act)


def suspend(
    ctx: typer.Context, env: EnvironmentArgument, reason: ReasonOption, output: OutputOption = Format.TEXT
) -> None:
    """Let the reconciler do nothing at all in an environment, not even put things back."""
    cli = begin(ctx, output)

    _commit(cli, env, reason, acts.suspend(env))


def resume(
    ctx: typer.Context, env: EnvironmentArgument, reason: ReasonOption, output: OutputOption = Format.TEXT
) -> None:
    """Let the reconciler go on in an environment that is suspended."""
    cli = begin(ctx, output)
    _commit(cli, env, reason, acts.resume(env))


def _commit(cli: Cli, env: str, reason: str, act: Act) -> None:
    """Push one commit with the changed file, or none if it says so already; a lost race is tried again."""
    from reconciler.core.declarations import parse_holds, render_holds
    from reconciler.model.holds import Reasoned

    name, person = cli.known(env), cli.platform.person()
    reason = one_line(reason, "Say why, for those who come upon it: --reason '…'.")
    repo, path = cli.platform.repo(person), f"{name}/holds.yaml"
    who = Reasoned(by=str(person), since=cli.platform.clock().now().replace(microsecond=0), reason=reason)

    def push() -> tuple[str | None, Holds]:
        tip = repo.tip()
        before = parse_holds(repo.files(tip), name)
        after = act.change(before, who)
        if after == before:
            return None, after
        body = render_holds(after)
        parse_holds({path: body}, name)  # what nobody could read must not be committed
        # To hold takes no key, nor the table that says whether to let go takes one.
        pushing = cli.platform.repo(cli.committer(name)) if after.let_go(before) else repo
        return pushing.push(tip, {path: body}, f"{act.subject}\n\n{reason}\n").sha, after

    _tell(cli, name, act, *cli.racing(push))


def _tell(cli: Cli, name: str, act: Act, sha: str | None, holds: Holds) -> None:
    cli.out.document({"environment": name, "commit": sha, "holds": holds.to_json()})
    if sha is None:
        cli.out.line(f"{name} is so already: nothing to commit.")
    else:
        cli.out.line(f"✓ Pushed {short(sha)}. {act.done}", "green")
        cli.out.line(act.then)
