"""``reconciler promote``: one commit that brings what an environment runs to the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.completion import complete_environment
from reconciler.cli.context import Cli, OutputOption, YesOption, begin
from reconciler.cli.difference import difference
from reconciler.cli.output import Format, short
from reconciler.model.component import Component
from reconciler.model.errors import Terminal

if TYPE_CHECKING:
    from reconciler.engine.promoter import Promotion


def promote(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The environment.", autocompletion=complete_environment)
    ],
    to: Annotated[
        str, typer.Argument(metavar="TO", help="The next one.", autocompletion=complete_environment)
    ],
    only: Annotated[
        list[Component] | None, typer.Option(help="A component; may be given again. (default: all)")
    ] = None,
    yes: YesOption = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Commit, for the next environment, exactly what an environment runs and was verified with.

    On top of the branch, after showing the difference. The reconciler applies it, not this command.
    """
    cli = begin(ctx, output)
    name = cli.known(to)
    promotion, sha = _commit(cli, cli.known(source), name, only or [], yes)
    cli.out.document(
        {
            "environment": name,
            "from": source,
            "commit": sha,
            "promotes": promotion.source,
            "versions": promotion.versions,
            "digests": promotion.digests,
            "release": promotion.release,
            "diff": _diff(promotion),
        }
    )
    if sha is None:
        cli.out.line(f"{name} asks for what {source} runs already: nothing to commit.")
        return
    cli.out.line(f"✓ Pushed {short(sha)}: {name} goes to what {source} runs.", "green")
    cli.out.line(f"Follow it with: reconciler wait {name} --revision {short(sha)}")


def _commit(
    cli: Cli, source: str, name: str, only: list[Component], yes: bool
) -> tuple[Promotion, str | None]:
    """What is promoted, and the commit's id; None if there was nothing to commit."""
    from reconciler.engine.promoter import prepare
    from reconciler.model.verdict import Decision

    world, person = cli.platform.world(), cli.committer(name)
    repo, shown = cli.platform.repo(person), list[str]()

    def push() -> tuple[Promotion, str | None]:
        promotion = prepare(world, name, only, source)
        if promotion.before == promotion.after:
            return promotion, None
        verdict = promotion.judge(world, promotion.rules)
        if verdict.decision is not Decision.GO:
            raise Terminal(verdict.message, f"See `reconciler status {source}`.", verdict.reason)
        if _diff(promotion) != shown:
            cli.show(_diff(promotion))
            cli.confirm(f"Promote this to {name}?", yes)
            shown[:] = _diff(promotion)
        return promotion, repo.push(promotion.tip, {promotion.path: promotion.after}, promotion.message).sha

    return cli.racing(push)


def _diff(promotion: Promotion) -> list[str]:
    return difference(promotion.path, promotion.before, promotion.after, "promoted")
