"""``hold``, ``release``, ``suspend``, ``resume``: one commit each, of an environment's ``holds.yaml``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, begin, one_line
from reconciler.cli.errors import Usage
from reconciler.cli.output import Format, short

if TYPE_CHECKING:
    from reconciler.model.holds import Holds, Reasoned

ReasonOption = Annotated[str, typer.Option("--reason", "-m", help="Why, for those who come upon it.")]


def hold(
    ctx: typer.Context,
    env: EnvironmentArgument,
    reason: ReasonOption,
    at: Annotated[
        str | None, typer.Option(help="The release that may be gone to. (default: no change at all)")
    ] = None,
    dag: Annotated[
        str | None, typer.Option(help="Pin this DAG alone to the release it runs; the others move on.")
    ] = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Let nothing change in an environment, or in one DAG, until it is released.

    What somebody else changes by hand is still put back. One release may be left to go to.
    """
    cli = begin(ctx, output)
    if dag is not None and at is not None:
        raise Usage("--dag and --at do not go together.", "A DAG is pinned to the release that it runs.")

    def change(holds: Holds, who: Reasoned) -> Holds:
        from reconciler.model.holds import Hold

        if dag is not None:
            return _pinned(cli, env, dag, holds, who)
        if any(one.at == at for one in holds.holds):
            return holds
        if at is not None and cli.platform.artifacts().release(at) is None:
            raise Usage(f"There is no release {at!r}.", f"`reconciler status {env}` shows those that run.")
        made = Hold(by=who.by, since=who.since, reason=who.reason, at=at)
        return holds.model_copy(update={"holds": (*holds.holds, made)})

    _commit(cli, env, f"Pin {dag} in {env}" if dag else f"Hold {env}", reason, change)


def _pinned(cli: Cli, env: str, dag: str, holds: Holds, who: Reasoned) -> Holds:
    from reconciler.model.holds import Pin

    live = cli.platform.store().load(env).live.get(dag)
    if live is None:
        raise Usage(f"{env} runs no DAG {dag!r}.", f"`reconciler status {env} --dags` lists them.")
    release = live.pointer.release
    if any((one.dag, one.release) == (dag, release) for one in holds.pins):
        return holds
    made = Pin(dag=dag, release=release, by=who.by, since=who.since, reason=who.reason)
    return holds.model_copy(update={"pins": (*(one for one in holds.pins if one.dag != dag), made)})


def release(
    ctx: typer.Context,
    env: EnvironmentArgument,
    reason: ReasonOption,
    quarantined: Annotated[
        str | None, typer.Option(help="Lift the quarantine of this release instead.")
    ] = None,
    dag: Annotated[str | None, typer.Option(help="Lift the pin of this DAG instead.")] = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Lift the holds of an environment, or the quarantine of one release, or the pin of one DAG."""
    cli = begin(ctx, output)
    if dag is not None and quarantined is not None:
        raise Usage("--dag and --quarantined do not go together.", "Lift one after the other.")

    def change(holds: Holds, _: Reasoned) -> Holds:
        if dag is not None:
            return _without_pin(env, dag, holds)
        if quarantined is None:
            return holds.model_copy(update={"holds": ()})
        left = tuple(one for one in holds.quarantine if one.release != quarantined)
        if len(left) == len(holds.quarantine):
            named = ", ".join(one.release for one in holds.quarantine) or "none is"
            raise Usage(f"Release {quarantined!r} is not quarantined in {env}.", f"Quarantined: {named}.")
        return holds.model_copy(update={"quarantine": left})

    what = f"Lift the quarantine of {quarantined} in {env}" if quarantined else f"Release {env}"
    _commit(cli, env, f"Lift the pin of {dag} in {env}" if dag else what, reason, change)


def _without_pin(env: str, dag: str, holds: Holds) -> Holds:
    left = tuple(one for one in holds.pins if one.dag != dag)
    if len(left) == len(holds.pins):
        named = ", ".join(one.dag for one in holds.pins) or "none is"
        raise Usage(f"{dag!r} is not pinned in {env}.", f"Pinned: {named}.")
    return holds.model_copy(update={"pins": left})


def suspend(
    ctx: typer.Context, env: EnvironmentArgument, reason: ReasonOption, output: OutputOption = Format.TEXT
) -> None:
    """Let the reconciler do nothing at all in an environment, not even put things back."""
    cli = begin(ctx, output)

    def change(holds: Holds, who: Reasoned) -> Holds:
        return holds if holds.suspended else holds.model_copy(update={"suspended": who})

    _commit(cli, env, f"Suspend {env}", reason, change)


def resume(
    ctx: typer.Context, env: EnvironmentArgument, reason: ReasonOption, output: OutputOption = Format.TEXT
) -> None:
    """Let the reconciler go on in an environment that is suspended."""
    cli = begin(ctx, output)
    _commit(cli, env, f"Resume {env}", reason, lambda holds, _: holds.model_copy(update={"suspended": None}))


def _commit(cli: Cli, env: str, what: str, reason: str, change: Callable[[Holds, Reasoned], Holds]) -> None:
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
        after = change(before, who)
        if after == before:
            return None, after
        body = render_holds(after)
        parse_holds({path: body}, name)  # what nobody could read must not be committed
        # To hold takes no key, nor the table that says whether to let go takes one.
        pushing = cli.platform.repo(cli.committer(name)) if after.let_go(before) else repo
        return pushing.push(tip, {path: body}, f"{what}\n\n{reason}\n").sha, after

    _tell(cli, name, *cli.racing(push))


def _tell(cli: Cli, name: str, sha: str | None, holds: Holds) -> None:
    cli.out.document({"environment": name, "commit": sha, "holds": holds.to_json()})
    if sha is None:
        cli.out.line(f"{name} is so already: nothing to commit.")
    else:
        cli.out.line(f"✓ Pushed {short(sha)}. `reconciler status {name}` shows what it holds back.", "green")
