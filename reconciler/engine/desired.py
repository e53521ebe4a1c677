"""What the tip asks for: read, validated, resolved to a sealed release; or what is wrong with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC

from reconciler.core.declarations import environment_names, parse_desired, parse_holds
from reconciler.core.gates import ancestry
from reconciler.core.identity import release_id
from reconciler.core.narrative import names, versions
from reconciler.core.places import shared
from reconciler.engine.provenance import verified_source
from reconciler.engine.world import World
from reconciler.model.artifact import Digest
from reconciler.model.component import Component
from reconciler.model.environment import MAX_DAG_ID, AirflowApi, DagFolderSpec, Desired
from reconciler.model.errors import Terminal
from reconciler.model.holds import Holds, Quarantined
from reconciler.model.pointer import Pointer
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseManifest
from reconciler.model.state import Applied, EnvironmentState
from reconciler.model.verdict import Decision
from reconciler.ports import EnvironmentRepo


@dataclass(frozen=True)
class Wanted:
    """A commit and what it means for one environment.

    ``rules_of``: the commit whose rules hold, where they are not this one's own. ``revoked``: what of it was
    taken back upstream since it was begun; None where nothing has to be good there.
    """

    revision: str
    desired: Desired
    release: ReleaseManifest
    author: str
    subject: str
    rules_of: str | None = None
    revoked: tuple[str, ...] | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Version per component, as the pointer says it."""
        return {component.value: pin.version for component, pin in self.desired.pointer.components.items()}


def at_revision(world: World, state: EnvironmentState, revision: str) -> Wanted:
    """Read a commit. ``Terminal`` says what a person has to change; what was accepted stays in force."""
    accepted = state.accepted
    check_descends(world.repo, state, revision)
    files = world.repo.files(revision)
    desired = parse_desired(files, state.environment)
    if accepted is not None and (state.files or state.intents):
        _same_place(accepted.desired, desired)
    if accepted is None or _place(accepted.desired) != _place(desired):
        # Also one that this very commit takes out of the order still has its Airflow.
        _own_place(world, desired, dict.fromkeys((*world.environments, *environment_names(files))))
    release = sealed(world, desired.pointer, state.environment)
    check_deployable(release, desired)
    check_repeats(world, state, release, desired)
    commit = world.repo.commit(revision)
    return Wanted(revision, desired, release, commit.author, commit.subject)


def check_descends(repo: EnvironmentRepo, state: EnvironmentState, revision: str) -> None:
    """``Terminal`` if a commit is not on top of what was accepted last."""
    accepted = state.accepted
    if accepted is None or revision == accepted.revision:
        return
    verdict = ancestry(accepted.revision, revision, repo.is_ancestor(accepted.revision, revision))
    if verdict.decision is not Decision.GO:
        raise Terminal(verdict.message, "", verdict.reason)


def as_accepted(world: World, state: EnvironmentState) -> Wanted | None:
    """What was accepted last, for when the tip cannot be; None before the first time.

    Also if it is live only in part: a tip that is wrong must not turn back what goes forward.
    """
    accepted = state.accepted
    if accepted is None:
        return None
    release = accepted_release(world, accepted)
    known = (accepted.desired, release, accepted.author, accepted.subject)
    if accepted.pointer_of is not None:
        return Wanted(accepted.pointer_of, *known, rules_of=accepted.revision)
    return Wanted(accepted.revision, *known)


def accepted_release(world: World, accepted: Applied) -> ReleaseManifest:
    """The release that is in force. ``Terminal`` if the artifact store has lost it."""
    release = world.artifacts.release(accepted.release)
    if release is None:
        raise Terminal(
            f"The accepted release {accepted.release} is no longer in the artifact store.",
            "Restore releases/ in the artifact bucket from its object versions.",
            Reason.ARTIFACT_FAILED,
        )
    return release


def held_by(world: World, wanted: Wanted, tip: str) -> Wanted:
    """``wanted`` with what a tip holds that cannot be applied itself, if that much of it can be read.

    Where it may not lift anything, what it holds besides counts all the same: who stops everything, stops it.
    """
    with contextlib.suppress(Terminal):
        holds = parse_holds(world.repo.files(tip), wanted.desired.environment.name)
        if holds.let_go(wanted.desired.holds) and not _may_lift(world, wanted, holds, tip):
            holds = wanted.desired.holds.and_more(holds)
        return _holding(wanted, holds)
    return wanted


def _may_lift(world: World, wanted: Wanted, holds: Holds, tip: str) -> bool:
    """A branch that was moved lifts nothing, nor does, where signatures are asked for, who has no key."""
    with contextlib.suppress(Terminal):
        if not world.repo.is_ancestor(wanted.revision, tip):
            return False
        after = _holding(wanted, holds).desired
        said = verified_source(world, wanted.desired, wanted.revision, after, tip)
        return said.decision is Decision.GO
    return False


def _holding(wanted: Wanted, holds: Holds) -> Wanted:
    return replace(wanted, desired=wanted.desired.model_copy(update={"holds": holds}))


def under_accepted_rules(state: EnvironmentState, wanted: Wanted) -> Wanted | None:
    """What a commit asks to run and holds, by the rules that were accepted before it; None if none were."""
    accepted = state.accepted
    if accepted is None:
        return None
    own = {"pointer": wanted.desired.pointer, "holds": wanted.desired.holds}
    desired = accepted.desired.model_copy(update=own)
    check_deployable(wanted.release, desired)
    return replace(wanted, desired=desired, rules_of=accepted.revision)


def sealed(world: World, pointer: Pointer, environment: str) -> ReleaseManifest:
    """The sealed release that a pointer means. ``Terminal`` names the command that is missing."""
    digests = {component: _digest(world, component, pointer) for component in pointer.components}
    release = world.artifacts.release(release_id(digests))
    if release is None:
        combination = ", ".join(f"{name} {pin.version}" for name, pin in pointer.components.items())
        raise Terminal(
            f"This combination is not sealed: {combination}.",
            f"Run `reconciler seal {environment}` where Airflow can be run; it is then deployed by itself.",
            Reason.ARTIFACT_FAILED,
        )
    if release.components != digests:
        raise Terminal(
            f"Release {release.id} in the artifact store is of other artifacts than the pointer names.",
            "Restore releases/ in the artifact bucket from its object versions.",
            Reason.ARTIFACT_FAILED,
        )
    return release


def _digest(world: World, component: Component, pointer: Pointer) -> Digest:
    pin = pointer.components[component]
    digest = world.artifacts.resolve(component, pin.version)
    if digest is None:
        raise Terminal(
            f"{component} {pin.version} was never published.",
            f"Publish it with `reconciler publish`, or name a published version of {component} instead.",
            Reason.ARTIFACT_FAILED,
        )
    if pin.digest is not None and pin.digest != digest:
        raise Terminal(
            f"{component} {pin.version} has the digest {digest}, but the pointer asks for {pin.digest}.",
            "Correct or remove `digest` in the pointer.",
            Reason.ARTIFACT_FAILED,
        )
    return digest


def check_deployable(release: ReleaseManifest, desired: Desired) -> None:
    """``Terminal`` if a sealed release cannot be what the environment runs."""
    version = desired.environment.airflow.version
    if release.airflow_version != version:
        raise Terminal(
            f"Release {release.id} was sealed with Airflow {release.airflow_version}; "
            f"{desired.environment.name} runs {version}.",
            f"Publish a new version, which is sealed with Airflow {version}, and name it in the pointer.",
            Reason.ARTIFACT_FAILED,
        )
    for one in desired.holds.quarantine:
        if one.release == release.id:
            named = versions({part.value: pin.version for part, pin in desired.pointer.components.items()})
            raise Terminal(
                f"Release {release.id} ({named}) is quarantined by {one.by} since "
                f"{one.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {_blaming(one)}",
                f"Name other versions; {_let_in(desired, one)}",
                Reason.REVISION_QUARANTINED,
            )
    if not release.dags:
        raise Terminal(
            f"Release {release.id} holds no DAG: it would remove every DAG of {desired.environment.name}.",
            "Name a version of dags that has some.",
            Reason.ARTIFACT_FAILED,
        )
    long = sorted(dag_id for dag_id in release.dags if len(dag_id) > MAX_DAG_ID)
    if long and desired.environment.airflow.api.mwaa:
        raise Terminal(
            f"MWAA's API takes DAG ids of at most {MAX_DAG_ID} characters: {names(long)} could not be paused "
            "or watched.",
            "Shorten the id, publish a new version, and name it in the pointer.",
            Reason.INVALID_CONFIGURATION,
        )


def _blaming(one: Quarantined) -> str:
    """Why a release is quarantined, and which of its DAGs are to blame, as sentences."""
    to_blame = f" To blame: {names(one.dags)}." if one.dags else ""
    return f"{one.reason.rstrip('.')}.{to_blame}"


def _let_in(desired: Desired, one: Quarantined) -> str:
    """How to lift a quarantine, as the end of a sentence."""
    name = desired.environment.name
    lift = f'`reconciler release {name} --quarantined {one.release} --reason "<why>"`'
    return f"if it was not to blame: {lift}."


def check_repeats(world: World, state: EnvironmentState, release: ReleaseManifest, desired: Desired) -> None:
    """``Terminal`` if what a quarantined release is to blame for would be deployed in other versions.

    Quarantined is what the DAGs do: another version of something else makes that no better.
    """
    live = (
        world.artifacts.release(state.applied.release) if state.applied and desired.holds.quarantine else None
    )
    for one in desired.holds.quarantine if live is not None and live.id != release.id else ():
        bad = world.artifacts.release(one.release)
        again = _again(one, bad, release, live) if live is not None and bad is not None else set()
        if bad is not None and again:
            raise Terminal(
                f"Release {release.id} has {names(sorted(again))} as {bad.id}, which is quarantined by "
                f"{one.by}: {_blaming(one)}",
                f"Name versions that change that; {_let_in(desired, one)}",
                Reason.REVISION_QUARANTINED,
            )


def _again(one: Quarantined, bad: ReleaseManifest, new: ReleaseManifest, live: ReleaseManifest) -> set[str]:
    """The DAGs that a quarantine is about, and that a release has as the quarantined one has them.

    Where nobody said which are to blame, a release that changes at least one of them counts as mended.
    """
    mended = differing(bad, new)
    if one.dags:
        # One that is in none of them any more is missed by nobody.
        known = bad.dags.keys() | live.dags.keys()
        return known & {*one.dags} - mended
    changed = differing(live, bad)
    return changed if not changed & mended else set()


def differing(one: ReleaseManifest, other: ReleaseManifest) -> set[str]:
    """The DAGs that are in one of them alone, or do other things."""
    both = one.dags.keys() & other.dags.keys()
    same = {dag_id for dag_id in both if one.dags[dag_id].fingerprint == other.dags[dag_id].fingerprint}
    return (one.dags.keys() | other.dags.keys()) - same


def _own_place(world: World, desired: Desired, names: Iterable[str]) -> None:
    """``Terminal`` if an environment would reach into another: that one's rules would not protect it."""
    own = desired.environment.name
    for name in names:
        other = world.store.load(name).accepted if name != own else None
        both = shared(desired.environment.airflow, other.desired.environment.airflow) if other else ()
        if both:
            raise Terminal(
                f"{own} names {', '.join(both)}, which is {name}'s.",
                "Give each environment an Airflow, a DAG folder and a token of its own.",
                Reason.INVALID_CONFIGURATION,
            )


def _place(desired: Desired) -> tuple[AirflowApi, DagFolderSpec]:
    """What an environment reaches, as it is written."""
    airflow = desired.environment.airflow
    return airflow.api, airflow.dag_folder


def _same_place(before: Desired, after: Desired) -> None:
    old, new = before.environment.airflow.dag_folder, after.environment.airflow.dag_folder
    if old != new:
        raise Terminal(
            f"airflow.dagFolder changes from s3://{old.bucket}/{old.prefix} "
            f"to s3://{new.bucket}/{new.prefix}, but what is live lies in the old folder.",
            "Declare a new environment for the new Airflow, and remove the old one when it is empty.",
            Reason.INVALID_CONFIGURATION,
        )
