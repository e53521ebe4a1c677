"""What people may decide in an environment's ``holds.yaml``, what is so then, and what helps next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.errors import Usage
from reconciler.model.errors import Terminal

if TYPE_CHECKING:
    from reconciler.cli.platform import Platform
    from reconciler.model.holds import Holds, Reasoned

_WHY = '-m "<why>"'


@dataclass(frozen=True)
class Act:
    """One change of the file: the commit's subject, what is so then, and the command that helps next."""

    subject: str
    done: str
    then: str
    change: Callable[[Holds, Reasoned], Holds]


def hold(platform: Platform, env: str, at: str | None) -> Act:
    """Let nothing change, but to a release."""

    def change(holds: Holds, who: Reasoned) -> Holds:
        from reconciler.model.holds import Hold

        if any(one.at == at for one in holds.holds):
            return holds
        if at is not None:
            _check_release(platform, env, at)
        made = Hold(by=who.by, since=who.since, reason=who.reason, at=at)
        return holds.model_copy(update={"holds": (*holds.holds, made)})

    but = f" but to release {at}" if at is not None else ""
    return Act(
        f"Hold {env}",
        f"{env} is held: nothing changes there{but}.",
        f"Lift it with: reconciler release {env} {_WHY}",
        change,
    )


def let_go(env: str) -> Act:
    """Lift all holds."""
    return Act(
        f"Release {env}",
        f"The holds of {env} are lifted: nothing waits for them any more.",
        f"Follow it with: reconciler wait {env}",
        lambda holds, _: holds.model_copy(update={"holds": ()}),
    )


def pin(platform: Platform, env: str, dag: str) -> Act:
    """Let one DAG stay on the release that it runs."""

    def change(holds: Holds, who: Reasoned) -> Holds:
        from reconciler.model.holds import Pin

        live = platform.store().load(env).live.get(dag)
        if live is None:
            raise Usage(f"{env} runs no DAG {dag!r}.", f"`reconciler status {env} --dags` lists them.")
        release = live.pointer.release
        if any((one.dag, one.release) == (dag, release) for one in holds.pins):
            return holds
        made = Pin(dag=dag, release=release, by=who.by, since=who.since, reason=who.reason)
        others = (one for one in holds.pins if one.dag != dag)
        return holds.model_copy(update={"pins": (*others, made)})

    return Act(
        f"Pin {dag} in {env}",
        f"{dag} is pinned to the release that it runs in {env}; the others move on.",
        f"Lift it with: reconciler release {env} --dag {dag} {_WHY}",
        change,
    )


def unpin(env: str, dag: str) -> Act:
    """Let a pinned DAG follow the others."""

    def change(holds: Holds, _: Reasoned) -> Holds:
        left = tuple(one for one in holds.pins if one.dag != dag)
        if len(left) == len(holds.pins):
            named = ", ".join(one.dag for one in holds.pins) or "none is"
            raise Usage(f"{dag!r} is not pinned in {env}.", f"Pinned: {named}.")
        return holds.model_copy(update={"pins": left})

    return Act(
        f"Lift the pin of {dag} in {env}",
        f"The pin of {dag} is lifted: it follows the others in {env}.",
        f"Follow it with: reconciler wait {env}",
        change,
    )


def quarantine(platform: Platform, env: str, bad: str) -> Act:
    """Let a release not be deployed any more."""

    def change(holds: Holds, who: Reasoned) -> Holds:
        from reconciler.model.holds import Quarantined

        if any(one.release == bad for one in holds.quarantine):
            return holds
        _check_release(platform, env, bad)
        _check_not_in_force(platform, env, bad)
        made = Quarantined(by=who.by, since=who.since, reason=who.reason, release=bad)
        return holds.model_copy(update={"quarantine": (*holds.quarantine, made)})

    return Act(
        f"Quarantine {bad} in {env}",
        f"Release {bad} is quarantined in {env}: no commit deploys it there.",
        f"Lift it with: reconciler release {env} --quarantined {bad} {_WHY}",
        change,
    )


def let_in(env: str, release: str) -> Act:
    """Let a quarantined release be deployed again."""

    def change(holds: Holds, _: Reasoned) -> Holds:
        left = tuple(one for one in holds.quarantine if one.release != release)
        if len(left) == len(holds.quarantine):
            named = ", ".join(one.release for one in holds.quarantine) or "none is"
            raise Usage(f"Release {release!r} is not quarantined in {env}.", f"Quarantined: {named}.")
        return holds.model_copy(update={"quarantine": left})

    return Act(
        f"Lift the quarantine of {release} in {env}",
        f"The quarantine of release {release} is lifted: a commit may deploy it to {env} again.",
        f"See what that changes with: reconciler plan {env}",
        change,
    )


def suspend(env: str) -> Act:
    """Let nothing be done at all."""
    return Act(
        f"Suspend {env}",
        f"{env} is suspended: nothing is done there, nor put back.",
        f"End it with: reconciler resume {env} {_WHY}",
        lambda holds, who: holds if holds.suspended else holds.model_copy(update={"suspended": who}),
    )


def resume(env: str) -> Act:
    """Let what is suspended go on."""
    return Act(
        f"Resume {env}",
        f"{env} is resumed: commits are applied there again, and what was changed by hand is put back.",
        f"Follow it with: reconciler wait {env}",
        lambda holds, _: holds.model_copy(update={"suspended": None}),
    )


def _check_release(platform: Platform, env: str, release: str) -> None:
    if platform.artifacts().release(release) is None:
        raise Usage(
            f"There is no release {release!r}.",
            f"`reconciler status {env}` shows those that run, `reconciler events {env}` those that ran.",
        )


def _check_not_in_force(platform: Platform, env: str, bad: str) -> None:
    """``Usage`` for what is in force and asked for: it would stay, and the tip be refused."""
    from reconciler.engine.desired import at_revision

    world = platform.world()
    state = world.store.load(env)
    if state.accepted is None or state.accepted.release != bad:
        return
    # A tip that cannot be read, or deployed, asks for nothing: what was accepted stays.
    asked = bad
    with contextlib.suppress(Terminal):
        asked = at_revision(world, state, world.repo.tip()).release.id
    if asked == bad:
        raise Usage(
            f"Release {bad} is what {env} runs, or goes to; a quarantine takes nothing away.",
            f"Go back first with `reconciler rollback {env}`; then quarantine it.",
        )
