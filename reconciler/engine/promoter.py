"""Brings what one environment runs to the next: as a commit of its pointer, that the next tick looks at.

Shared by ``promote`` and, where the policy says so, by the tick itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.declarations import parse_desired, set_versions
from reconciler.core.findings import Finding
from reconciler.core.narrative import versions as listed
from reconciler.engine.admission import verified_upstream
from reconciler.engine.desired import check_deployable, sealed
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.component import Component
from reconciler.model.environment import Desired
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.release import ReleaseId
from reconciler.model.state import Applied, EnvironmentState
from reconciler.model.verdict import Decision, Verdict


@dataclass(frozen=True)
class Promotion:
    """What to commit on top of ``tip``: the versions that ``source``, a commit, made live upstream.

    ``asked`` are the versions that the tip names, ``rules`` all that it says of the environment.
    """

    environment: str
    upstream: str
    tip: str
    source: str
    path: str
    before: bytes
    after: bytes
    versions: dict[str, str]
    digests: dict[str, str]
    release: ReleaseId
    asked: dict[str, str]
    rules: Desired

    def judge(self, world: World, rules: Desired) -> Verdict:
        """What upstream says of the versions that change, by an environment's rules."""
        return verified_upstream(world, rules, self.versions, self.asked, self.release)

    @property
    def message(self) -> str:
        """The commit's; its trailers name the bytes."""
        named = listed(self.versions)
        lines = [
            f"Promote {named} from {self.upstream} to {self.environment}",
            "",
            f"Promotes: {self.source}",
        ]
        lines += [f"Digest: {part} sha256:{digest}" for part, digest in sorted(self.digests.items())]
        return "\n".join(lines) + "\n"


def prepare(
    world: World, environment: str, only: Collection[Component] = (), upstream: str | None = None
) -> Promotion:
    """What promoting to an environment means now; all components, or ``only`` some.

    ``Terminal`` where there is nothing to promote from, that is not ``upstream`` (None: whatever it is), or
    it could not be deployed there.
    """
    tip, path = world.repo.tip(), f"{environment}/pointer.yaml"
    files = dict(world.repo.files(tip))
    desired = parse_desired(files, environment)
    source = _source(world, desired, upstream)
    known = source.desired.pointer.components.items()
    wanted = {part: pin.version for part, pin in known if not only or part in only}
    digests = _digests(world, source, wanted)
    after = set_versions(files[path], wanted)
    target = parse_desired({**files, path: after}, environment)
    release = sealed(world, target.pointer, environment)
    check_deployable(release, target)
    _check_held(target, release.id)
    now = {part.value: pin.version for part, pin in desired.pointer.components.items()}
    named = {part.value: version for part, version in wanted.items()}
    return Promotion(
        environment=environment,
        upstream=str(desired.upstream),
        tip=tip,
        source=source.revision,
        path=path,
        before=files[path],
        after=after,
        versions=named,
        digests=digests,
        release=release.id,
        asked=now,
        rules=desired,
    )


def promote_by_policy(world: World, session: Session) -> bool:
    """Commit what was verified upstream and has run there long enough, where the policy says so."""
    state = session.state
    if not _may(world, state) or session.over:
        return False
    try:
        return _promote(world, session)
    except (Transient, Conflict):
        return False  # a later tick looks again
    except Terminal as error:
        # What runs here is well, and nothing waits: nobody would look.
        session.report(_refused(error), state.last_attempted_revision)
        return False


def _promote(world: World, session: Session) -> bool:
    state = session.state
    promotion = prepare(world, state.environment)
    unasked = promotion.before == promotion.after or promotion.release in state.past
    # Somebody else's commit is looked at first.
    if unasked or state.accepted is None or promotion.tip != state.accepted.revision:
        return False
    if promotion.judge(world, state.accepted.desired).decision is not Decision.GO:
        return False
    commit = world.repo.push(promotion.tip, {promotion.path: promotion.after}, promotion.message)
    session.report(_promoted(promotion), commit.sha)
    return True


def _may(world: World, state: EnvironmentState) -> bool:
    """Is anything live upstream that was never here?"""
    accepted = state.accepted
    if accepted is None or accepted.desired.upstream is None:
        return False
    if not accepted.desired.environment.policy.promotion.auto:
        return False
    upstream = world.store.load(accepted.desired.upstream).applied
    return upstream is not None and upstream.release not in {accepted.release, *state.past}


def _source(world: World, desired: Desired, upstream: str | None) -> Applied:
    environment = desired.environment.name
    if desired.upstream is None:
        raise Terminal(
            f"{environment} is the first environment: nothing is promoted to it.",
            "The order is `promotion` in reconciler.yaml.",
            Reason.INVALID_CONFIGURATION,
        )
    if upstream not in {None, desired.upstream}:
        raise Terminal(
            f"{environment} comes after {desired.upstream}, not after {upstream}.",
            f"Promote step by step: reconciler promote {desired.upstream} {environment}",
            Reason.INVALID_CONFIGURATION,
        )
    applied = world.store.load(desired.upstream).applied
    if applied is None:
        raise Terminal(
            f"{desired.upstream} runs nothing yet.",
            f"Deploy there first; see `reconciler status {desired.upstream}`.",
            Reason.DEPENDENCY_NOT_READY,
        )
    return applied


def _digests(world: World, source: Applied, wanted: dict[Component, str]) -> dict[str, str]:
    """The bytes that upstream runs; a version stands for the same everywhere, which is looked at here."""
    release = world.artifacts.release(source.release)
    found = {}
    for component, version in wanted.items():
        digest = world.artifacts.resolve(component, version)
        if release is None or digest is None or release.components.get(component) != digest:
            raise Terminal(
                f"{component} {version} is not in the artifact store as it runs upstream.",
                "Restore artifacts/ and releases/ in the artifact bucket from their object versions.",
                Reason.ARTIFACT_FAILED,
            )
        found[component.value] = digest
    return found


def _check_held(desired: Desired, release: ReleaseId) -> None:
    holds = desired.holds
    others = [one for one in holds.holds if one.at != release]
    for one in [holds.suspended, *others]:
        if one is not None:
            raise Terminal(
                f"{desired.environment.name} is held by {one.by}: {one.reason}",
                f'Ask them; then `reconciler release {desired.environment.name} --reason "<why>"`, or '
                "`resume`.",
                Reason.HOLD_ESTABLISHED,
            )


def _promoted(promotion: Promotion) -> Finding:
    return Finding(
        type=ConditionType.PROMOTING,
        status=True,
        reason=Reason.PROMOTED,
        message=f"{listed(promotion.versions)} was verified in {promotion.upstream}, and is committed for "
        f"{promotion.environment}.",
        evidence=tuple(f"{part} sha256:{digest}" for part, digest in sorted(promotion.digests.items())),
    )


def _refused(error: Terminal) -> Finding:
    return Finding(
        type=ConditionType.PROMOTING,
        status=False,
        reason=error.reason,
        message=f"What was verified in the environment before cannot be committed here. {error}",
        severity=Severity.WARNING,
    )
