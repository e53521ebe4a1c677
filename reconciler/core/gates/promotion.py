"""The promotion gate: what runs here has been live in the environment before this one, and was well there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.core.narrative import names
from reconciler.core.rollback import quarantined
from reconciler.model.plan import Change
from reconciler.model.policy import PromotionPolicy
from reconciler.model.reason import Health, Phase, Reason
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState, Operation
from reconciler.model.value import Value
from reconciler.model.verdict import Decision, Verdict

_UNTRIED = "was not gone back from, for a try,"


class Proof(Value):
    """What one version of a component has to show: since when it is good upstream, or why it is not."""

    component: str
    version: str
    since: datetime | None = None
    flaw: str = ""

    def __str__(self) -> str:
        return f"{self.component} {self.version}"


def promotion(
    policy: PromotionPolicy,
    upstream: EnvironmentState,
    operations: Sequence[Operation],
    changed: Mapping[str, str],
    now: datetime,
    release: ReleaseId | None = None,
) -> Verdict:
    """Wait until each changed version (by component) has shown ``upstream`` what the policy asks for.

    That is always to be verified there and to have run long enough. ``operations`` are those of ``upstream``,
    in any order; ``release`` is what the versions are together.
    """
    where, soak = upstream.environment, timedelta(minutes=policy.soak_minutes)
    proofs = list(_proofs(upstream, operations, changed, soak, now))
    proofs = [_shown(policy, upstream, operations, release, one) for one in proofs]
    flaws = [f"{proof} {proof.flaw}" for proof in proofs if proof.flaw]
    if flaws:
        then = "It goes on when that is verified there."
        if any(_UNTRIED in flaw for flaw in flaws):
            then = f"{then} `reconciler rehearse {where}` tries to go back."
        return _wait(f"{'; '.join(flaws)}. {then}", [*flaws, *_lines(proofs)], None)
    until = max((proof.since + soak for proof in proofs if proof.since is not None), default=now)
    if until > now:
        named = ", ".join(map(str, proofs))
        told = f"{named} is to run in {where} until {until:%Y-%m-%d %H:%M:%S} UTC first."
        return _wait(told, list(_lines(proofs)), until)
    said = f"{', '.join(map(str, proofs))} was verified in {where}." if proofs else "No version changes."
    tried = _tried(upstream, release) if proofs and policy.rehearsed else ()
    return Verdict.go("promotion", said).model_copy(update={"evidence": (*_lines(proofs), *tried)})


def revoked(
    upstream: EnvironmentState,
    operations: Sequence[Operation],
    changed: Mapping[str, str],
    release: ReleaseId,
    now: datetime,
) -> tuple[str, ...]:
    """Which versions, on their way here as this release, were taken back ``upstream``: a line each."""
    bad = upstream.condemned | quarantined(upstream)
    return tuple(
        f"{component} {version} was rolled back or quarantined in {upstream.environment}"
        for component, version in sorted(changed.items())
        if release in bad or _had([one for one in operations if one.versions.get(component) == version], bad)
        if not any(_spans(upstream, operations, component, version, bad, now))
    )


def still_good(revoked: Sequence[str], changes: Sequence[Change]) -> Verdict:
    """Hold back the DAGs that are still to go to what was taken back upstream since it was begun here."""
    held = tuple(change.dag_id for change in changes if change.by_people)
    if not revoked or not held:
        return Verdict.go("promotion", "Nothing that is on its way here was taken back upstream.")
    told = (
        f"{names(revoked, 3)} since it was begun here. No more DAGs go to it: revert the commit here too, or "
        "have it verified there again."
    )
    return _wait(told, list(revoked), None).model_copy(update={"dag_ids": held})


def _proofs(
    upstream: EnvironmentState,
    operations: Sequence[Operation],
    changed: Mapping[str, str],
    soak: timedelta,
    now: datetime,
) -> Iterator[Proof]:
    where = upstream.environment
    bad = upstream.condemned | quarantined(upstream)
    for component, version in sorted(changed.items()):
        ran = [one for one in operations if one.versions.get(component) == version]
        spans = list(_spans(upstream, operations, component, version, bad, now))
        long = [begin for begin, end in spans if end - begin >= soak]
        # Where none was long enough, the one that still lasts may become so.
        since = min(long, default=max((begin for begin, end in spans if end >= now), default=None))
        flaw = ""
        if since is None:
            flaw = f"was rolled back in {where}" if _had(ran, bad) else f"was not verified in {where}"
            flaw = f"did not run in {where} for long enough" if spans else flaw
        elif upstream.health is Health.DEGRADED and _runs(upstream, component) == version:
            flaw = f"runs in {where}, which is degraded"
        yield Proof(component=component, version=version, since=since, flaw=flaw)


def _shown(
    policy: PromotionPolicy,
    upstream: EnvironmentState,
    operations: Sequence[Operation],
    release: ReleaseId | None,
    proof: Proof,
) -> Proof:
    """The same, with what it lacks besides: a bake that it passed, a rehearsal of going back from it."""
    if proof.flaw:
        return proof
    where, watch = upstream.environment, upstream.watch
    known = _releases(upstream, operations, proof) | ({release} if release is not None else set())
    known -= upstream.condemned | quarantined(upstream)
    flaw = ""
    if policy.stable and not known.intersection(one.release for one in upstream.stable):
        bakes = watch is not None and watch.release in known
        flaw = f"is watched in {where}, and not Stable yet" if bakes else f"did not become Stable in {where}"
    elif policy.rehearsed and not known.intersection(one.release for one in upstream.rehearsals):
        flaw = f"{_UNTRIED} in {where}"
    return proof.model_copy(update={"flaw": flaw})


def _releases(upstream: EnvironmentState, operations: Sequence[Operation], proof: Proof) -> set[ReleaseId]:
    """Those that had a version upstream."""
    found = {one.release for one in operations if one.versions.get(proof.component) == proof.version}
    if upstream.applied is not None and _runs(upstream, proof.component) == proof.version:
        found.add(upstream.applied.release)
    return found


def _tried(upstream: EnvironmentState, release: ReleaseId | None) -> tuple[str, ...]:
    """How long it took to go back from the release, a line; none if only other combinations were tried."""
    newest = next((one for one in upstream.rehearsals if one.release == release), None)
    if newest is None:
        return ()
    took = f"{newest.back_seconds:.0f} s back, {newest.forth_seconds:.0f} s forth"
    return (
        f"going back was rehearsed in {upstream.environment} at {newest.at:%Y-%m-%d %H:%M:%S} UTC: {took}",
    )


def _spans(
    upstream: EnvironmentState,
    operations: Sequence[Operation],
    component: str,
    version: str,
    bad: Collection[str],
    now: datetime,
) -> Iterator[tuple[datetime, datetime]]:
    """From when until when a version ran well upstream, all DAGs of it."""
    for one in operations:
        proves = one.phase is Phase.SUCCEEDED and one.release not in bad and not one.pinned
        if proves and one.finished_at is not None and one.versions.get(component) == version:
            others = (
                other.started_at
                for other in operations
                if other.started_at >= one.finished_at and other.versions.get(component) != version
            )
            yield one.finished_at, min(others, default=now)
    applied = upstream.applied
    well = upstream.delivery is Health.HEALTHY and applied is not None and applied.release not in bad
    # A version that changes no DAG is live without an operation.
    if applied is not None and well and not _pins(upstream) and _runs(upstream, component) == version:
        yield applied.at, now


def _had(ran: Sequence[Operation], bad: frozenset[str]) -> bool:
    return any(one.release in bad for one in ran)


def _pins(state: EnvironmentState) -> bool:
    return state.applied is not None and bool(state.applied.desired.holds.pins)


def _runs(state: EnvironmentState, component: str) -> str | None:
    known = state.applied.desired.pointer.components.items() if state.applied is not None else ()
    return next((pin.version for part, pin in known if part.value == component), None)


def _lines(proofs: Sequence[Proof]) -> Iterator[str]:
    for proof in proofs:
        if proof.since is not None:
            yield f"{proof} verified upstream at {proof.since:%Y-%m-%d %H:%M:%S} UTC"


def _wait(message: str, evidence: list[str], until: datetime | None) -> Verdict:
    return Verdict(
        gate="promotion",
        decision=Decision.WAIT,
        reason=Reason.DEPENDENCY_NOT_READY,
        message=message,
        evidence=tuple(evidence),
        until=until,
    )
