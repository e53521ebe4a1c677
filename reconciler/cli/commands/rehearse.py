"""``reconciler rehearse``: goes back to the last Stable release and forth again, and measures it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.context import Cli, EnvironmentArgument, OutputOption, YesOption, begin
from reconciler.cli.difference import difference
from reconciler.cli.output import Format, Progress, duration, short
from reconciler.cli.waiting import LiveWatch
from reconciler.model.errors import ReconcilerError, Terminal, Waiting
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from reconciler.engine.world import World
    from reconciler.model.state import EnvironmentState
    from reconciler.model.watch import Rehearsal

_WRITTEN_DOWN = timedelta(seconds=90)
"""So long after it is live is waited for the reconciler to write down what it took: a sweep and a half."""


@dataclass(frozen=True)
class _Trip:
    """From ``here``, the pointer as it is, to ``there`` and again to ``here``."""

    name: str
    release: str
    to: str
    here: bytes
    there: bytes

    @property
    def path(self) -> str:
        return f"{self.name}/pointer.yaml"

    @property
    def diff(self) -> list[str]:
        return difference(self.path, self.here, self.there, "rehearsed")


def rehearse(
    ctx: typer.Context,
    env: EnvironmentArgument,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds, for each way.")] = 900,
    yes: YesOption = False,
    output: OutputOption = Format.TEXT,
) -> None:
    """Go back to the last Stable release and forth again, and measure it.

    By two commits of the pointer, after showing the difference. The reconciler applies them, and writes down
    how long each took.
    """
    cli = begin(ctx, output)
    name = cli.known(env)
    trip = _planned(cli.platform.world(), name)
    cli.show(trip.diff)
    for line in _warnings(cli, trip):
        cli.out.note(line, "yellow")
    cli.confirm(f"Go back to release {trip.to} in {name}, and forth again?", yes)
    began = cli.platform.clock().now()
    with cli.out.progress() as progress:
        first = _go(cli, trip, there=True)
        try:
            _until_live(cli, name, first, timeout, progress)
            second = _go(cli, trip, there=False)
        except ReconcilerError as error:
            raise _on_the_way(error, name, first) from error
        _until_live(cli, name, second, timeout, progress)
        found = _written_down(cli, trip, second, progress)
    took = cli.platform.clock().now() - began
    cli.out.document(
        {
            "environment": name,
            "release": trip.release,
            "to": trip.to,
            "commits": [first, second],
            "backSeconds": found.back_seconds,
            "forthSeconds": found.forth_seconds,
            "at": found.at.isoformat(),
            "waitedSeconds": took.total_seconds(),
        }
    )
    cli.out.line(
        f"✓ rollback tested: {found.back_seconds:.0f} s. {name} went back from release {trip.release} to "
        f"{trip.to}, and forth again in {found.forth_seconds:.0f} s.",
        "green",
    )


def _planned(world: World, name: str) -> _Trip:
    """``Terminal`` where there is nothing to go back to, or something is under way."""
    from reconciler.core.declarations import parse_desired
    from reconciler.core.rehearsing import last_stable
    from reconciler.engine.desired import check_deployable, check_descends, sealed

    tip, state, path = world.repo.tip(), world.store.load(name), f"{name}/pointer.yaml"
    check_descends(world.repo, state, tip)
    files = dict(world.repo.files(tip))
    here = parse_desired(files, name)
    release = sealed(world, here.pointer, name)
    _check_settled(state, release.id)
    stable = last_stable(state, release.id)
    if stable is None:
        raise Terminal(
            f"{name} has no other Stable release: there is nothing to go back to.",
            f"`reconciler status {name}` shows what is Stable; a release is when it passed its bake.",
            Reason.DEPENDENCY_NOT_READY,
        )
    there = world.repo.files(stable.revision).get(path, b"")
    after = parse_desired({**files, path: there}, name)
    target = sealed(world, after.pointer, name)
    check_deployable(target, after)
    return _Trip(name, release.id, target.id, files[path], there)


def _check_settled(state: EnvironmentState, release: str) -> None:
    """Only what is live as a whole, well and not held is played with."""
    from reconciler.model.reason import Health

    name, live = state.environment, state.applied
    holds = live.desired.holds if live is not None else None
    flaw = ""
    if live is None or live.release != release or state.health is not Health.HEALTHY:
        flaw = f"{name} does not run what the tip asks for, or not well"
    elif holds is not None and (holds.holds or holds.suspended):
        flaw = f"{name} is held"
    elif any(one.verified_at is None and one.over_at is None for one in state.reverts[:1]):
        flaw = f"{name} is being taken back for an alarm"
    if flaw:
        raise Terminal(
            f"{flaw}: nothing is tried.", f"See `reconciler status {name}`.", Reason.HOLD_ESTABLISHED
        )


def _warnings(cli: Cli, trip: _Trip) -> list[str]:
    """What somebody has to know before."""
    state = cli.platform.store().load(trip.name)
    lines = [
        f"Runs of release {trip.release} that are in flight, and do not end in time, begin anew on {trip.to}."
    ]
    if all(one.release != trip.release for one in state.stable):
        lines.append(f"Release {trip.release} is not Stable yet: its bake begins anew.")
    accepted = state.accepted
    if accepted is not None and accepted.desired.environment.policy.approval.required:
        lines.append(
            "Going forth again is a change like any other: it waits for approval, and "
            f"{trip.name} stays on {trip.to} until then."
        )
    return lines


def _go(cli: Cli, trip: _Trip, *, there: bool) -> str:
    """Push the commit of one way. ``Conflict`` if the pointer is not what it has to be before it."""
    from reconciler.core.rehearsing import back, forth, message

    repo = cli.platform.repo(cli.committer(trip.name))
    subject = (back if there else forth)(trip.name, trip.release)
    before, after = (trip.here, trip.there) if there else (trip.there, trip.here)

    def push() -> str:
        tip = repo.tip()
        if repo.files(tip).get(trip.path) != before:
            raise Terminal(
                f"Somebody changed {trip.path} in between: it is left to them.",
                f"See `reconciler status {trip.name}`.",
                Reason.SUPERSEDED,
            )
        return repo.push(tip, {trip.path: after}, message(subject, trip.release)).sha

    return cli.racing(push)


def _until_live(cli: Cli, name: str, revision: str, timeout: float, progress: Progress) -> None:
    platform = cli.platform
    watch = LiveWatch(platform.repo(), platform.store(), platform.clock(), name, revision)
    watch.until_live(timedelta(seconds=timeout), progress)


def _on_the_way(error: ReconcilerError, name: str, back: str) -> ReconcilerError:
    """What stopped it, with how to get forth again."""
    stays = f"{name} stays on the older release until somebody takes that back: `git revert {short(back)}`."
    error.remedy = f"{error.remedy} {stays}".strip()
    return error


def _written_down(cli: Cli, trip: _Trip, revision: str, progress: Progress) -> Rehearsal:
    """What the reconciler has measured. ``Waiting`` if it does not say for long."""
    store, clock = cli.platform.store(), cli.platform.clock()
    until = clock.now() + _WRITTEN_DOWN
    known = store.load(trip.name).operation
    while True:
        state = store.load(trip.name)
        newest = state.rehearsals[0] if state.rehearsals else None
        operation = state.operation or known
        if newest is not None and operation is not None and newest.at == operation.finished_at:
            return newest
        if clock.now() >= until:
            raise Waiting(
                f"{trip.name} went back and forth again ({short(revision)} is live); it was not written down "
                f"{duration(_WRITTEN_DOWN)} later how long that took.",
                until=clock.now(),
                reason=Reason.PROGRESSING,
                remedy="Nothing is measured where another commit came in between, or no DAG differs. "
                f"See `reconciler events {trip.name}`.",
            )
        progress(f"{trip.name}: waiting for what it took to be written down")
        clock.sleep(1.0)
