"""What keeps somebody from approving a commit, said before anything is signed: it is over, or not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.output import short
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.engine.admission import Request
    from reconciler.engine.desired import Wanted
    from reconciler.engine.world import World
    from reconciler.model.observation import SignedTag
    from reconciler.model.state import EnvironmentState


def check_ahead(world: World, state: EnvironmentState, sha: str) -> None:
    """``Terminal`` for a commit that is behind what was accepted, with what became of it."""
    accepted, name = state.accepted, state.environment
    if accepted is None or sha == accepted.revision or not world.repo.is_ancestor(sha, accepted.revision):
        return
    if sha == world.repo.tip():
        return  # the branch was set back, which is another matter
    told = _told(world, sha)
    newer = _newest(world, name, sha, accepted.revision)
    if newer is None:
        raise Terminal(
            f"Nothing of commit {told} waits any more: it is in force in {name}.",
            f"`reconciler status {name}` shows what runs; `reconciler approve {name}` is for what waits.",
            Reason.SUPERSEDED,
        )
    raise Terminal(
        f"Commit {told} is superseded in {name} by {newer}, which was accepted after it.",
        f"`reconciler approve {name}` is for what waits; `reconciler rollback {name} --to {short(sha)}` goes "
        "back to its versions.",
        Reason.SUPERSEDED,
    )


def check_tip(world: World, state: EnvironmentState, wanted: Wanted, asked: Request) -> None:
    """``Terminal`` for a commit whose change the tip does not ask for: an approval would not count."""
    from reconciler.engine.admission import proposed
    from reconciler.engine.desired import at_revision

    name, tip = state.environment, world.repo.tip()
    if wanted.revision == tip:
        return
    told = _told(world, wanted.revision)
    if not world.repo.is_ancestor(wanted.revision, tip):
        raise Terminal(
            f"Commit {told} is not on the branch, whose tip is {short(tip)}: nobody waits for it.",
            f"Merge and push it, then `reconciler approve {name}`.",
            Reason.SUPERSEDED,
        )
    if proposed(state, at_revision(world, state, tip)).digest != asked.change.digest:
        newer = _newest(world, name, wanted.revision, tip) or _told(world, tip)
        raise Terminal(
            f"Commit {told} is superseded by {newer}, which asks for something else in {name}.",
            f"`reconciler approve {name}` is for that; an approval of an older commit would not count.",
            Reason.SUPERSEDED,
        )


def check_person(world: World, asked: Request, intended: SignedTag, now: datetime) -> None:
    """``Terminal`` for somebody who may not approve it, with who may."""
    from reconciler.core.approvals import trailers
    from reconciler.core.gates.approval import who_can, who_may_break_the_glass

    flaw, name = asked.flaw_of(intended, now), asked.change.environment
    if flaw is None:
        return
    if "Break-glass" in trailers(intended.message):
        remedy = who_may_break_the_glass(name, asked.rules)
    else:
        tags = world.repo.approvals(name, asked.commits, asked.signers)
        counted = [tag.name.rpartition("/")[2] for tag in tags if asked.flaw_of(tag, now) is None]
        remedy = who_can(name, asked.authors, counted, asked.rules)
    raise Terminal(f"Your approval would not count: {flaw}.", remedy, Reason.APPROVAL_PENDING)


def _told(world: World, sha: str) -> str:
    from reconciler.core.narrative import commit

    found = world.repo.commit(sha)
    return commit(sha, found.author, found.subject)


def _newest(world: World, name: str, since: str, until: str) -> str | None:
    """The newest commit because of which an environment's files differ from an older one's, if they do."""
    from reconciler.engine.admission import rule_files

    before, after = world.repo.files(since), world.repo.files(until)
    paths = (f"{name}/pointer.yaml", *rule_files(name))
    differing = [path for path in paths if before.get(path) != after.get(path)]
    return _told(world, world.repo.log(until, differing[0], 1)[0].sha) if differing else None
