"""``reconciler approve``: a signed tag by which somebody agrees to a change. The reconciler applies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.approvable import check_ahead, check_person, check_tip
from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, YesOption, begin, one_line
from reconciler.cli.difference import of_rules
from reconciler.cli.gates import said_by_gates
from reconciler.cli.output import Format, short
from reconciler.cli.revisions import TIP, resolve
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from reconciler.engine.admission import Request
    from reconciler.engine.desired import Wanted
    from reconciler.model.observation import SignedTag
    from reconciler.model.state import EnvironmentState


def approve(
    ctx: typer.Context,
    env: EnvironmentArgument,
    revision: Annotated[
        str, typer.Argument(metavar="[COMMIT]", help="The commit: tip, or the id of a pushed one.")
    ] = TIP,
    break_glass: Annotated[
        str | None,
        typer.Option("--break-glass", metavar="REASON", help="In an emergency: go without the approvals."),
    ] = None,
    yes: YesOption = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Approve a change of an environment, with a tag that your SSH key signs.

    Shows first what would change. It counts for this very change, in this environment, for as long as the
    environment's policy says.
    """
    from reconciler.core.approvals import tag_message, tag_name
    from reconciler.engine.admission import admission, request
    from reconciler.engine.desired import at_revision
    from reconciler.model.observation import SignedTag
    from reconciler.model.verdict import Verdict

    cli = begin(ctx, output)
    name, world = cli.known(env), cli.platform.world()
    why = "Say why it cannot wait: --break-glass '…'."
    reason = one_line(break_glass, why) if break_glass is not None else None
    state, sha = world.store.load(name), resolve(world.repo, revision)
    check_ahead(world, state, sha)
    wanted = at_revision(world, state, sha)
    asked = request(world, state, wanted)
    if isinstance(asked, Verdict):
        others = [one.message for said in said_by_gates(state) for one in said.closed]
        said = {"environment": name, "commit": wanted.revision, "tag": None, "message": asked.message}
        cli.out.document({**said, "others": others})
        cli.out.line(f"Nothing to approve: {asked.message}")
        for message in others:
            cli.out.line(f"What it waits for, no approval opens: {message}", "yellow")
        return
    check_tip(world, state, wanted, asked)
    person, key, now = cli.platform.person(), cli.platform.signing_key(), cli.platform.clock().now()
    tag = tag_name(name, wanted.revision, person.email)
    message = tag_message(asked.change, wanted.revision, reason)
    intended = SignedTag(
        name=tag,
        commit=wanted.revision,
        signed_name=tag,
        at=now,
        message=message,
        signer=person.email.lower(),
    )
    check_person(world, asked, intended, now)
    rules = of_rules(world, state, wanted.revision)
    _show(cli, state, wanted, asked)
    cli.show(rules)
    cli.confirm(f"Approve this for {name}?", yes)
    repo = cli.platform.repo(person)
    repo.sign(tag, wanted.revision, message, key)
    tags = repo.approvals(name, asked.commits, asked.signers)
    verdict = asked.judge(tags, cli.platform.clock().now())
    _refuse_made(asked, [one for one in tags if one.name == tag], cli)
    others = [one.message for one in admission(world, state, wanted).waiting if one.gate != verdict.gate]
    said = {"environment": name, "commit": wanted.revision, "tag": tag, "message": verdict.message}
    cli.out.document({**said, "rules": rules, "others": others})
    cli.out.line(f"✓ {tag}", "green")
    for message in (verdict.message, *others):
        cli.out.line(message)
    if verdict.reason is not Reason.APPROVAL_PENDING:
        cli.out.line(f"Follow it with: reconciler wait {name} --revision {short(wanted.revision)}")


def _refuse_made(asked: Request, made: list[SignedTag], cli: Cli) -> None:
    """Only git can tell whose key it was, and that the server took the tag."""
    flaw = asked.flaw_of(made[0], cli.platform.clock().now()) if made else "the server does not have it"
    if flaw is not None:
        raise Terminal(
            f"The tag was pushed, but does not count: {flaw}.",
            "Sign with the key that allowed_signers has for you: `git config --get user.signingKey`.",
            Reason.APPROVAL_PENDING,
        )


def _show(cli: Cli, state: EnvironmentState, wanted: Wanted, asked: Request) -> None:
    """What somebody puts their name to."""
    from reconciler.core.narrative import names, versions

    before = state.accepted.desired.pointer.components.items() if state.accepted is not None else ()
    change, policy = asked.change, asked.rules.policy
    losing = [f"  loses    runs by a new schedule: {names(change.to_losing, 10)}"] if change.to_losing else []
    cli.show(
        (
            f"{state.environment}: commit {short(wanted.revision)} by {wanted.author}: {wanted.subject}",
            f"  from     {versions({part.value: pin.version for part, pin in before}) or 'nothing'}",
            f"  to       {versions(wanted.versions)} (release {change.to_release})",
            *losing,
            f"  rules    {'CHANGE TOO, as below' if change.changes_rules else 'as they are'}",
            f"  made by  {names(sorted(asked.authors), 10)}",
            f"  counts   for {policy.valid_hours:g} hours; {policy.required} needed",
            f"  change   {change.digest}",
            f"See all of it: reconciler plan {state.environment} --revision {short(wanted.revision)}",
        )
    )
