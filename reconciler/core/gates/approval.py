"""The approval gate: what needs the agreement of others goes ahead when they signed for this very change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from reconciler.core.approvals import ProposedChange, email_of, trailers
from reconciler.core.narrative import names
from reconciler.core.signers import Signer, addresses, person
from reconciler.model.observation import SignedTag
from reconciler.model.people import APPROVALS
from reconciler.model.policy import ApprovalPolicy
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict

FUTURE = timedelta(minutes=5)
"""So far may an approver's clock be ahead of ours."""

_NAMED = 4
"""People who are named to those who look for one."""


@dataclass(frozen=True)
class Approvals:
    """The rules in force: the policy, who has which role, and whose key is or was whose.

    ``able``: the addresses that have a key that is still valid. Who somebody is does not expire with a key.
    """

    policy: ApprovalPolicy
    roles: Mapping[str, tuple[str, ...]]
    signers: tuple[Signer, ...]
    able: frozenset[str]

    def may(self, email: str, roles: Sequence[str]) -> bool:
        """Has the person behind an address one of these roles?"""
        known = person(self.signers, email)
        return any(member.lower() in known for role in roles for member in self.roles.get(role, ()))

    def are_same(self, one: str, other: str) -> bool:
        """Are two addresses those of one person?"""
        return other.lower() in person(self.signers, one)

    def people(self, roles: Sequence[str]) -> tuple[str, ...]:
        """Who has one of these roles, and a valid key: an address of each, the role's own if that has it."""
        found = list[str]()
        for member in (one for role in roles for one in self.roles.get(role, ())):
            known = self.able & person(self.signers, member)
            if known and not any(self.are_same(one, member) for one in found):
                found.append(member if member.lower() in known else min(known))
        return tuple(found)


def approval(
    change: ProposedChange,
    commits: Collection[str],
    authors: Collection[str],
    tags: Sequence[SignedTag],
    rules: Approvals,
    now: datetime,
) -> Verdict:
    """Wait until as many people as the policy asks for have approved the change with signatures that count.

    ``commits`` are those since what is in force, up to the tip; ``authors`` (``Name <email>``) all who took
    part in them and in the code.
    """
    counted, refused = dict[str, str](), list[str]()
    for tag in sorted(tags, key=lambda one: (one.at is None, one.at, one.name)):
        who = tag.name.rpartition("/")[2]
        flaw = flaw_of(tag, change, commits, authors, rules, now)
        if flaw is not None:
            refused.append(f"the approval by {who} does not count: {flaw}")
            continue
        urgent = trailers(tag.message).get("Break-glass")
        if urgent is not None:
            return _break_glass(change, who, urgent, refused, tag)
        if not any(rules.are_same(one, who) for one in counted):
            counted[who] = f"approved by {who} at {tag.at:%Y-%m-%d %H:%M} UTC"
        if len(counted) >= rules.policy.required:
            return _approved(change, counted, tag)
    return _wait(change, rules, counted, refused, authors)


def flaw_of(
    tag: SignedTag,
    change: ProposedChange,
    commits: Collection[str],
    authors: Collection[str],
    rules: Approvals,
    now: datetime,
) -> str | None:
    """Why a tag is no approval of this change, the plainest reason; None if it is one."""
    who = tag.name.rpartition("/")[2]
    if not tag.signer or tag.at is None:
        return tag.flaw or "it has no signature"
    flaws = chain(
        _about_signature(tag, who, rules),
        _about_change(tag, change, commits),
        _about_time(tag.at, rules.policy, now),
        _about_person(tag, who, authors, rules),
        _about_key(who, rules),
    )
    return next(flaws, None)


def _about_signature(tag: SignedTag, who: str, rules: Approvals) -> Iterator[str]:
    if tag.signed_name != tag.name:
        yield f"what was signed is {tag.signed_name}"
    if not rules.are_same(tag.signer, who):
        yield f"it was signed with the key of {tag.signer}"


def _about_change(tag: SignedTag, change: ProposedChange, commits: Collection[str]) -> Iterator[str]:
    said = trailers(tag.message)
    here = tag.name.startswith(f"{APPROVALS}/{change.environment}/{tag.commit}/")
    if not here or tag.commit not in commits:
        yield f"it is on the commit {tag.commit[:10]}"
    if said.get("Environment") != change.environment:
        yield f"it is for {said.get('Environment', 'no environment')}"
    if said.get("Change") != change.digest:
        yield f"it is of another change ({said.get('Change', 'none')[:16]}, this one is {change.digest[:16]})"


def _about_time(at: datetime, policy: ApprovalPolicy, now: datetime) -> Iterator[str]:
    expires = at + timedelta(hours=policy.valid_hours)
    if at > now + FUTURE:
        yield f"it is dated {at:%Y-%m-%d %H:%M} UTC, which is in the future"
    if now > expires:
        yield f"it expired at {expires:%Y-%m-%d %H:%M} UTC"


def _about_person(tag: SignedTag, who: str, authors: Collection[str], rules: Approvals) -> Iterator[str]:
    policy = rules.policy
    if "Break-glass" in trailers(tag.message):
        if not rules.may(who, policy.break_glass):
            yield f"breaking the glass takes one of the roles {names(policy.break_glass) or '(none)'}"
        return
    if not rules.may(who, policy.roles):
        yield f"it takes one of the roles {names(policy.roles)}"
    if policy.not_author and (own := _own(who, authors, rules)):
        yield f"nobody approves what they made themselves ({own})"


def _about_key(who: str, rules: Approvals) -> Iterator[str]:
    if who.lower() not in rules.able:
        yield f"{who} has no key that is valid"


def who_can(environment: str, authors: Collection[str], counted: Collection[str], rules: Approvals) -> str:
    """Who is left to approve a change after those who are ``counted``; if too few are, what to do."""
    policy, members = rules.policy, rules.people(rules.policy.roles)
    own = [one for one in members if policy.not_author and _own(one, authors, rules)]
    done = [one for one in members if any(rules.are_same(one, other) for other in counted)]
    left = [one for one in members if one not in own and one not in done]
    if len(left) >= policy.required - len(done):
        return f"{names(left, _NAMED)} can give it."
    few = f"Only {names(left, _NAMED)} can, which is too few" if left else "Nobody is left who can"
    why = f"{names(own, _NAMED)} had part in it" if own else "too few have the role"
    return (
        f"{few}: {why}. {who_may_break_the_glass(environment, rules)} Or revert it, give somebody the role "
        "by a commit of its own, and commit it again when that is in force."
    )


def who_may_break_the_glass(environment: str, rules: Approvals) -> str:
    """Who may go without approvals in an emergency, and how."""
    people = names(rules.people(rules.policy.break_glass), _NAMED)
    if not people:
        return "Nobody may break the glass here."
    return f'In an emergency {people} may: `reconciler approve {environment} --break-glass "<why>"`.'


def _own(who: str, authors: Collection[str], rules: Approvals) -> str | None:
    """Under which name somebody took part in a change."""
    return next((author for author in sorted(authors) if rules.are_same(who, email_of(author))), None)


def _approved(change: ProposedChange, counted: Mapping[str, str], last: SignedTag) -> Verdict:
    return Verdict(
        gate="approval",
        decision=Decision.GO,
        reason=Reason.APPROVED,
        message=f"{_sentence(counted)}: {_named(change, last)}.",
        evidence=tuple(counted.values()),
        opened_by=tuple(counted),
        opened_at=last.at,
    )


def _break_glass(
    change: ProposedChange, who: str, reason: str, refused: Sequence[str], tag: SignedTag
) -> Verdict:
    return Verdict(
        gate="approval",
        decision=Decision.GO,
        reason=Reason.BREAK_GLASS_USED,
        message=f"{who} broke the glass for {change.environment}: {reason} ({_named(change, tag)})",
        evidence=(f"glass broken by {who}: {reason}", *refused),
        opened_by=(who,),
        opened_at=tag.at,
    )


def _named(change: ProposedChange, tag: SignedTag) -> str:
    return f"change {change.digest[:16]}, commit {tag.commit[:10]}"


def _wait(
    change: ProposedChange,
    rules: Approvals,
    counted: Mapping[str, str],
    refused: Sequence[str],
    authors: Collection[str],
) -> Verdict:
    policy = rules.policy
    missing, unknown = policy.required - len(counted), _unknown(authors, rules)
    can = who_can(change.environment, authors, counted, rules)
    people = f"{missing} {'person' if missing == 1 else 'people'} with the role {' or '.join(policy.roles)}"
    others = f", other than {names(sorted(authors), 3)}," if policy.not_author and authors else ""
    so_far = f" {_sentence(counted)}." if counted else ""
    odd = f" {refused[0][0].upper()}{refused[0][1:]}." if refused else ""
    return Verdict(
        gate="approval",
        decision=Decision.WAIT,
        reason=Reason.APPROVAL_PENDING,
        message=f"Waits for the approval of {people}{others} by `reconciler approve {change.environment}`."
        f"{so_far} {can}{odd}",
        evidence=(
            *counted.values(),
            *refused,
            *(
                f"part in it had {author}{', whom nobody knows here' if author in unknown else ''}"
                for author in sorted(authors)
            ),
        ),
    )


def _unknown(authors: Collection[str], rules: Approvals) -> frozenset[str]:
    """Who might be anybody, as no key was ever known of them."""
    known = set(addresses(rules.signers))
    return frozenset(author for author in authors if email_of(author) not in known)


def _sentence(counted: Mapping[str, str]) -> str:
    said = names(counted.values(), 5)
    return f"{said[0].upper()}{said[1:]}"
