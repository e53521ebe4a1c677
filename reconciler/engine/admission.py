"""May a commit become what an environment goes to? Asked before anything of it is begun, or even looked at.

Shared by a tick, ``plan`` and ``approve``. What decides is what is in force: a commit that changes the rules
is judged by the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.approvals import ProposedChange, losing, rules
from reconciler.core.declarations import CONFIG, SIGNERS
from reconciler.core.gates.approval import Approvals, approval, flaw_of
from reconciler.core.gates.promotion import promotion, revoked
from reconciler.core.identity import canonical, sha256
from reconciler.core.patience import impatient, waiting_outside
from reconciler.core.rollback import goes_back
from reconciler.core.signers import addresses, ever_valid, parse_signers, still_valid
from reconciler.engine.authorship import of_code, of_commits
from reconciler.engine.desired import Wanted, accepted_release
from reconciler.engine.provenance import Proven, verified_source
from reconciler.engine.world import World
from reconciler.model.environment import Desired
from reconciler.model.observation import SignedTag
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState
from reconciler.model.verdict import Decision, Verdict

_REMEMBERED = 300
"""Attempts upstream among which a version is looked for: more than three months of them."""


@dataclass(frozen=True)
class Request:
    """A change that has to be approved: what it is, by which rules, and who took part in it.

    ``signers``: the ``allowed_signers`` in force, without the keys that are not valid any more.
    """

    change: ProposedChange
    rules: Approvals
    signers: str
    commits: tuple[str, ...]
    authors: frozenset[str]

    def flaw_of(self, tag: SignedTag, now: datetime) -> str | None:
        """Why a tag would not count."""
        return flaw_of(tag, self.change, self.commits, self.authors, self.rules, now)

    def judge(self, tags: Sequence[SignedTag], now: datetime) -> Verdict:
        """What these tags come to."""
        return approval(self.change, self.commits, self.authors, tags, self.rules, now)


@dataclass(frozen=True)
class Admission:
    """What the gates say that are asked before anything is begun: all of them have to let it pass."""

    source: Verdict
    approval: Verdict
    promotion: Verdict

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them."""
        return (self.source, self.approval, self.promotion)

    @property
    def waiting(self) -> tuple[Verdict, ...]:
        """Those that hold it back."""
        return tuple(one for one in self.verdicts if one.decision is not Decision.GO)


def admission(world: World, state: EnvironmentState, wanted: Wanted) -> Admission:
    """What the gates say of a commit. Git and the environment before are only asked where that is needed."""
    asked = (source(world, state, wanted), _approval(world, state, wanted), _promotion(world, state, wanted))
    policy = _in_force(state, wanted).environment.policy
    known = waiting_outside(state, proposed(state, wanted).digest) if state.outside is not None else {}
    return Admission(*impatient(asked, known, policy, wanted.release.id, world.clock.now()))


def source(world: World, state: EnvironmentState, wanted: Wanted) -> Verdict:
    """Is what a commit says signed, where that is asked for? Of a rollback too."""
    accepted = state.accepted
    before, since = (accepted.desired, accepted.revision) if accepted is not None else (None, None)
    proven = Proven(state.stable, wanted.release.id)
    return verified_source(world, before, since, wanted.desired, wanted.revision, proven)


def _approval(world: World, state: EnvironmentState, wanted: Wanted) -> Verdict:
    asked = request(world, state, wanted)
    if isinstance(asked, Verdict):
        return asked
    tags = world.repo.approvals(asked.change.environment, asked.commits, asked.signers)
    return asked.judge(tags, world.clock.now())


def _promotion(world: World, state: EnvironmentState, wanted: Wanted) -> Verdict:
    in_force = _in_force(state, wanted)
    policy = in_force.environment.policy.promotion
    if not policy.asks or in_force.upstream is None:
        return Verdict.go("promotion", f"{state.environment} asks for no verification elsewhere.")
    if goes_back(state, wanted.release.id):
        return Verdict.go("promotion", "A rollback needs no verification elsewhere.")
    if _is_begun(state, wanted):
        return Verdict.go("promotion", "It was verified elsewhere when it was begun.")
    return verified_upstream(world, in_force, wanted.versions, _versions(state), wanted.release.id)


def verified_upstream(
    world: World, in_force: Desired, wanted: Mapping[str, str], before: Mapping[str, str], release: ReleaseId
) -> Verdict:
    """What the environment before says of the versions that change; together they are ``release``."""
    changed = {part: version for part, version in wanted.items() if before.get(part) != version}
    upstream = world.store.load(str(in_force.upstream))
    operations = world.store.operations(upstream.environment, _REMEMBERED) if changed else ()
    policy = in_force.environment.policy.promotion
    return promotion(policy, upstream, operations, changed, world.clock.now(), release)


def looked_at_upstream(world: World, state: EnvironmentState, wanted: Wanted) -> Wanted:
    """A commit with what was taken back upstream since it was begun, until it is live as a whole.

    By the rules of what was live as a whole last, so that none loosens what it has to pass itself.
    """
    judge = state.applied or state.accepted
    if judge is None or not _is_begun(state, wanted) or goes_back(state, wanted.release.id):
        return wanted
    before, upstream = _versions(state), judge.desired.upstream
    changed = {part: version for part, version in wanted.versions.items() if before.get(part) != version}
    if not changed or upstream is None or not judge.desired.environment.policy.promotion.asks:
        return wanted
    known, operations = world.store.load(upstream), world.store.operations(upstream, _REMEMBERED)
    return replace(wanted, revoked=revoked(known, operations, changed, wanted.release.id, world.clock.now()))


def _is_begun(state: EnvironmentState, wanted: Wanted) -> bool:
    return state.accepted is not None and state.accepted.release == wanted.release.id


def _versions(state: EnvironmentState) -> dict[str, str]:
    """What was live as a whole last, by component."""
    known = state.applied.desired.pointer.components.items() if state.applied is not None else ()
    return {part.value: pin.version for part, pin in known}


def request(world: World, state: EnvironmentState, wanted: Wanted) -> Request | Verdict:
    """What has to be approved, or the verdict that nothing has."""
    in_force = _in_force(state, wanted)
    change = proposed(state, wanted)
    policy = in_force.environment.policy.approval
    if not policy.required:
        return Verdict.go("approval", f"{state.environment} asks for no approval.")
    if change.changes_nothing:
        return Verdict.go("approval", "Nothing changes that was not approved before.")
    if goes_back(state, change.to_release) and not change.changes_rules:
        return Verdict.go("approval", "A rollback needs no approval.")
    name, accepted = state.environment, state.accepted
    own = {f"{name}/pointer.yaml", f"{name}/environment.yaml"}
    if accepted is None:
        # Nothing is in force: who ever touched what all environments share had no part in this one.
        since, before, commits, paths = None, None, [wanted.revision], own
    else:
        since, before = accepted.revision, accepted_release(world, accepted)
        commits = list(world.repo.between(since, wanted.revision))
        paths = own | set(rule_files(name))
    # What somebody signed before their key ran out is theirs even now.
    made = world.repo.changes(since, wanted.revision, sorted(paths), ever_valid(in_force.signers))
    signers = still_valid(in_force.signers, world.clock.now())
    return Request(
        change=change,
        rules=_approvals(in_force, signers),
        signers=signers,
        commits=tuple(commits),
        authors=of_commits(made) | of_code(world, before, wanted.release),
    )


def _approvals(in_force: Desired, valid: str) -> Approvals:
    """The rules by which approvals are judged; ``valid`` are the signers whose keys count now."""
    everybody, able = parse_signers(in_force.signers)[0], addresses(parse_signers(valid)[0])
    policy = in_force.environment.policy.approval
    return Approvals(policy, in_force.roles, tuple(everybody), frozenset(able))


def rule_files(environment: str) -> tuple[str, ...]:
    """The files that say by which rules an environment is changed."""
    return f"{environment}/environment.yaml", CONFIG, SIGNERS


def proposed(state: EnvironmentState, wanted: Wanted) -> ProposedChange:
    """The change from what is in force to what a commit says."""
    accepted = state.accepted
    return ProposedChange(
        environment=state.environment,
        number=state.changes,
        from_release=accepted.release if accepted is not None else None,
        to_release=wanted.release.id,
        to_bytes=sha256(canonical(wanted.release.to_json())),
        from_rules=rules(accepted.desired) if accepted is not None else None,
        to_rules=rules(wanted.desired),
        from_losing=losing(accepted.desired) if accepted is not None else (),
        to_losing=losing(wanted.desired),
    )


def _in_force(state: EnvironmentState, wanted: Wanted) -> Desired:
    """The rules that were accepted last; of the very first commit its own."""
    return state.accepted.desired if state.accepted is not None else wanted.desired
