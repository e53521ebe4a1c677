"""``reconciler rollback``: one commit that makes the pointer what it was. The reconciler applies it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, YesOption, begin
from reconciler.cli.difference import difference
from reconciler.cli.errors import Usage
from reconciler.cli.output import Format, short
from reconciler.cli.revisions import resolve
from reconciler.model.errors import InvalidInput, Terminal, Transient
from reconciler.model.reason import Phase, Reason

if TYPE_CHECKING:
    from reconciler.engine.world import World
    from reconciler.model.environment import Desired
    from reconciler.model.release import ReleaseManifest
    from reconciler.model.state import EnvironmentState, Operation

_HISTORY = 1_000
_LONGEST_ATTEMPT = 6
"""Digits; a longer number is a commit id."""


@dataclass(frozen=True)
class _Restoring:
    """What to commit on top of ``tip``: the pointer as it was at ``source``."""

    tip: str
    source: str
    path: str
    before: bytes
    after: bytes
    versions: str

    @property
    def diff(self) -> list[str]:
        return difference(self.path, self.before, self.after, "restored")

    def message(self, environment: str) -> str:
        return f"Roll back {environment} to {self.versions}\n\nRestores: {self.source}\n"


def rollback(
    ctx: typer.Context,
    env: EnvironmentArgument,
    to: Annotated[
        str | None, typer.Option(help="A commit or an attempt. (default: the last that succeeded before)")
    ] = None,
    yes: YesOption = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Commit the pointer as it was before.

    On top of the branch, after showing the difference. The reconciler applies it, not this command.
    """
    cli = begin(ctx, output)
    name = cli.known(env)
    restoring, sha = _commit(cli, name, to, yes)
    cli.out.document(
        {
            "environment": name,
            "commit": sha,
            "restores": restoring.source,
            "versions": restoring.versions,
            "diff": restoring.diff,
        }
    )
    if sha is None:
        cli.out.line(f"The tip {short(restoring.tip)} says {restoring.versions} already: nothing to commit.")
        return
    cli.out.line(f"✓ Pushed {short(sha)}: {name} goes back to {restoring.versions}.", "green")
    waits = _waits(cli.platform.world(), name, sha)
    if waits:
        cli.out.line(f"Nothing of it is begun before this: {waits}")
        cli.out.line(f"See what becomes of it with: reconciler status {name}")
        return
    cli.out.line(f"Follow it with: reconciler wait {name} --revision {short(sha)}")


def _waits(world: World, name: str, sha: str) -> str:
    """What a tick would wait for before it begins anything of the commit; empty if it would not."""
    from reconciler.engine.admission import admission
    from reconciler.engine.course import course
    from reconciler.engine.desired import at_revision

    try:
        world.repo.tip()  # to have the commit here
        state = world.store.load(name)
        wanted = at_revision(world, state, sha)
        admitted = admission(world, state, wanted)
        begins = course(world, state, wanted, admitted) is not None
    except (Transient, Terminal):
        return ""  # it is pushed; what is wrong is told by the tick
    return "" if begins else " ".join(one.message for one in admitted.waiting)


def _commit(cli: Cli, name: str, to: str | None, yes: bool) -> tuple[_Restoring, str | None]:
    """What was restored and the commit's id, or None if there was nothing to commit."""
    world, person = cli.platform.world(), cli.committer(name)
    repo, shown = cli.platform.repo(person), list[str]()

    def push() -> tuple[_Restoring, str | None]:
        restoring = _restoring(world, name, to)
        if restoring.before == restoring.after:
            return restoring, None
        # After a lost race people are asked again only about something that they have not seen.
        if restoring.diff != shown:
            cli.show(restoring.diff)
            cli.confirm(f"Roll {name} back to {restoring.versions}?", yes)
            shown[:] = restoring.diff
        pushed = repo.push(restoring.tip, {restoring.path: restoring.after}, restoring.message(name))
        return restoring, pushed.sha

    return cli.racing(push)


def _restoring(world: World, name: str, to: str | None) -> _Restoring:
    from reconciler.core.declarations import parse_desired
    from reconciler.core.narrative import versions
    from reconciler.engine.desired import check_deployable, check_descends, sealed

    tip, path = world.repo.tip(), f"{name}/pointer.yaml"
    state = world.store.load(name)
    check_descends(world.repo, state, tip)
    files = dict(world.repo.files(tip))
    before = files.get(path, b"")
    source = _source(world, state, to, _versions_of(files, name))
    after = world.repo.files(source).get(path)
    if after is None:
        raise Terminal(f"Commit {short(source)} has no {path}.", "Name another with --to.")
    desired = parse_desired({**files, path: after}, name)
    pointer = desired.pointer
    # What cannot be deployed must not be committed.
    release = sealed(world, pointer, name)
    check_deployable(release, desired)
    if before != after:
        _check_goes(state, desired, release)
    named = versions({part.value: pin.version for part, pin in pointer.components.items()})
    return _Restoring(tip, source, path, before, after, named)


def _check_goes(state: EnvironmentState, desired: Desired, release: ReleaseManifest) -> None:
    """``Terminal`` if people hold it: what is bad would stay live, and the commit wait."""
    from reconciler.core.gates.hold import told_of

    name, holds = state.environment, desired.holds
    if not _changing(state, release):
        return  # what is undone is not live yet
    if holds.suspended is not None:
        raise Terminal(
            f"{name} is suspended by {told_of(holds.suspended)}. A rollback would wait until that ends.",
            f'First `reconciler resume {name} --reason "<why>"`, then roll back.',
            Reason.SUSPENDED,
        )
    for one in holds.holds:
        if one.at != release.id:
            at = f" at release {one.at}" if one.at is not None else ""
            raise Terminal(
                f"{name} is held{at} by {told_of(one)}. A rollback would wait until that is lifted.",
                f'First `reconciler release {name} --reason "<why>"`, then roll back.',
                Reason.HOLD_ESTABLISHED,
            )


def _changing(state: EnvironmentState, release: ReleaseManifest) -> set[str]:
    """The DAGs that are not live as a release has them."""
    wanted = {(dag_id, dag.fingerprint) for dag_id, dag in release.dags.items()}
    return {
        dag_id for dag_id, _ in wanted ^ {(dag_id, live.fingerprint) for dag_id, live in state.live.items()}
    }


def _versions_of(files: dict[str, bytes], name: str) -> dict[str, str] | None:
    """What the tip's pointer names; None if it cannot be read, which is a reason to roll back."""
    from reconciler.core.declarations import parse_desired

    try:
        pointer = parse_desired(files, name).pointer
    except InvalidInput:
        return None
    return {part.value: pin.version for part, pin in pointer.components.items()}


def _source(world: World, state: EnvironmentState, to: str | None, now: dict[str, str] | None) -> str:
    """The commit whose pointer is restored. What was rolled back itself has to be asked for."""
    name = state.environment
    if to is not None and not (to.isdecimal() and len(to) <= _LONGEST_ATTEMPT):
        return resolve(world.repo, to)
    operations = world.store.operations(name, _HISTORY)
    if to is not None:
        return _attempt(operations, int(to), name).revision
    good = (
        one
        for one in operations
        if one.phase is Phase.SUCCEEDED and one.versions != now and one.release not in state.condemned
    )
    found = next(good, None)
    if found is None:
        raise Terminal(
            f"{name} ran nothing else successfully that was not rolled back: nothing to go back to.",
            f"See `reconciler history {name}`; name a commit with --to.",
        )
    return found.revision


def _attempt(operations: Sequence[Operation], number: int, name: str) -> Operation:
    for operation in operations:
        if operation.attempt == number:
            return operation
    raise Usage(f"{name} has no attempt {number}.", f"See `reconciler history {name}`.")
