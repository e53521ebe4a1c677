"""Which tags approve a change, and why the others do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.approvals import ProposedChange, tag_message, tag_name
from reconciler.core.gates.approval import Approvals, approval
from reconciler.core.signers import addresses, parse_signers
from reconciler.model.observation import SignedTag
from reconciler.model.policy import ApprovalPolicy
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict
from tests.builders import NOW
from tests.signers import signers

HOUR = timedelta(hours=1)
COMMIT, OTHER = "c" * 40, "d" * 40
CHANGE = ProposedChange(
    environment="prod",
    number=7,
    from_release="1" * 16,
    to_release="2" * 16,
    to_bytes="4" * 64,
    from_rules="3" * 64,
    to_rules="3" * 64,
)
PEOPLE = ("ana@example.com", "ben@example.com,ben@home.example", "cleo@example.com", "dan@example.com")
ROLES = {
    "release-manager": ("ana@example.com", "Ben@Example.com", "cleo@example.com"),
    "on-call": ("dan@example.com",),
}
POLICY = ApprovalPolicy(required=1, roles=("release-manager",), valid_hours=24, break_glass=("on-call",))
SIGNERS = tuple(parse_signers(signers(*PEOPLE))[0])
RULES = Approvals(POLICY, ROLES, SIGNERS, frozenset(addresses(SIGNERS)))
AUTHORS = ("Ana <ana@example.com>", "GitHub <noreply@github.com>")


def tag(  # noqa: PLR0917  (each is a thing that can be wrong with one)
    who: str = "ben@example.com",
    signer: str | None = None,
    at: datetime = NOW,
    commit: str = COMMIT,
    environment: str = "prod",
    change: ProposedChange = CHANGE,
    break_glass: str | None = None,
    signed_name: str | None = None,
    flaw: str = "",
) -> SignedTag:
    name = tag_name(environment, commit, who)
    return SignedTag(
        name=name,
        commit=commit,
        signed_name=name if signed_name is None else signed_name,
        at=at,
        message=tag_message(change, commit, break_glass),
        signer=who if signer is None else signer,
        flaw=flaw,
    )


def verdict(*tags: SignedTag, rules: Approvals = RULES, authors: tuple[str, ...] = AUTHORS) -> Verdict:
    return approval(CHANGE, (COMMIT,), authors, tags, rules, NOW + HOUR)


def with_policy(**changes: object) -> Approvals:
    return replace(RULES, policy=POLICY.model_copy(update=changes))


def test_somebody_else_with_the_role_lets_it_through() -> None:
    found = verdict(tag())
    assert (found.decision, found.reason, found.opened_at) == (Decision.GO, Reason.APPROVED, NOW)
    assert found.evidence == (f"approved by ben@example.com at {NOW:%Y-%m-%d %H:%M} UTC",)


def test_nobody_has_approved_it() -> None:
    found = verdict()
    assert (found.decision, found.reason, found.dag_ids) == (Decision.WAIT, Reason.APPROVAL_PENDING, ())
    assert "1 person with the role release-manager, other than Ana <ana@example.com>" in found.message
    assert "reconciler approve prod" in found.message


REFUSED = {
    "unsigned": (tag(signer="", flaw="it has no signature"), "it has no signature"),
    "by a key that nobody knows": (
        tag(signer="", flaw="it was signed with a key that is not in allowed_signers"),
        "not in allowed_signers",
    ),
    "by another key": (tag(signer="cleo@example.com"), "with the key of cleo@example.com"),
    "by somebody without the role": (tag("dan@example.com"), "one of the roles release-manager"),
    "by a stranger": (tag("eve@example.com"), "one of the roles release-manager"),
    "by the author": (tag("ana@example.com"), "nobody approves what they made themselves"),
    "expired": (tag(at=NOW - 24 * HOUR), "expired"),
    "dated ahead": (tag(at=NOW + 2 * HOUR), "in the future"),
    "of another change": (
        tag(change=CHANGE.model_copy(update={"to_release": "9" * 16})),
        "another change",
    ),
    "with other rules": (tag(change=CHANGE.model_copy(update={"to_rules": "9" * 64})), "another change"),
    "of an earlier time": (tag(change=CHANGE.model_copy(update={"number": 6})), "another change"),
    "of other bytes": (tag(change=CHANGE.model_copy(update={"to_bytes": "9" * 64})), "another change"),
    "from elsewhere": (tag(change=CHANGE.model_copy(update={"from_release": None})), "another change"),
    "of another environment": (tag(environment="staging"), "it is on the commit"),
    "replayed under a name here": (
        tag(signed_name=tag_name("staging", COMMIT, "ben@example.com")),
        "what was signed is approval/staging/",
    ),
    "of another environment's change": (
        tag(change=CHANGE.model_copy(update={"environment": "staging"})),
        "it is for staging",
    ),
    "of a commit that does not wait": (tag(commit=OTHER), "it is on the commit dddddddddd"),
    "on another commit than it says": (
        tag().model_copy(update={"commit": OTHER}),
        "it is on the commit dddddddddd",
    ),
    "glass broken by somebody who may not": (tag(break_glass="late"), "breaking the glass takes"),
    "no message": (tag().model_copy(update={"message": ""}), "it is for no environment"),
}


@pytest.mark.parametrize(("one", "why"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_count_is_told_with_its_reason(one: SignedTag, why: str) -> None:
    found = verdict(one)
    assert (found.decision, found.reason) == (Decision.WAIT, Reason.APPROVAL_PENDING)
    assert any("does not count" in line and why in line for line in found.evidence), found.evidence
    assert "does not count" in found.message
    assert verdict(one, tag()).reason is Reason.APPROVED


def test_two_addresses_are_one_person() -> None:
    two = with_policy(required=2)
    assert verdict(tag(), tag("ben@home.example"), rules=two).decision is Decision.WAIT
    assert verdict(tag(), tag("cleo@example.com"), rules=two).decision is Decision.GO
    as_home = ("Ben <ben@home.example>",)
    assert "nobody approves" in verdict(tag(), authors=as_home).message


def test_a_signer_of_a_commit_is_an_author_too() -> None:
    assert verdict(tag(), authors=("ben@example.com",)).decision is Decision.WAIT


def test_a_policy_may_let_authors_approve() -> None:
    found = verdict(tag("ana@example.com"), rules=with_policy(not_author=False))
    assert found.reason is Reason.APPROVED


def test_the_glass_is_broken_by_who_may_and_that_is_told() -> None:
    found = verdict(tag("dan@example.com", break_glass="the ledger is wrong"), authors=("dan@example.com",))
    assert (found.decision, found.reason, found.opened_at) == (Decision.GO, Reason.BREAK_GLASS_USED, NOW)
    assert found.message.startswith("dan@example.com broke the glass for prod: the ledger is wrong (change ")


def test_who_has_a_role_for_emergencies_does_not_approve_with_it() -> None:
    assert verdict(tag("dan@example.com")).decision is Decision.WAIT


def test_the_first_approvals_that_suffice_are_when_it_was_approved() -> None:
    late = tag("cleo@example.com", at=NOW + HOUR / 2)
    assert verdict(late, tag()).opened_at == NOW
    assert verdict(late, tag(), rules=with_policy(required=2)).opened_at == NOW + HOUR / 2


def test_who_has_no_key_is_named_as_a_stranger() -> None:
    evidence = verdict().evidence
    assert "part in it had Ana <ana@example.com>" in evidence
    assert "part in it had GitHub <noreply@github.com>, whom nobody knows here" in evidence


LEFT = {
    "some are left": ({}, AUTHORS, (), "Ben@Example.com, cleo@example.com can give it."),
    "authors may": (
        {"not_author": False},
        AUTHORS,
        (),
        "ana@example.com, Ben@Example.com, cleo@example.com can give it.",
    ),
    "one has approved": ({"required": 2}, AUTHORS, ("ben@home.example",), "cleo@example.com can give it."),
    "too few": (
        {"required": 2},
        (*AUTHORS, "Ben <ben@home.example>"),
        (),
        "Only cleo@example.com can, which is too few: ana@example.com, Ben@Example.com had part in it.",
    ),
    "all had part in it": (
        {"roles": ("on-call",)},
        ("Dan <dan@example.com>",),
        (),
        "Nobody is left who can: dan@example.com had part in it.",
    ),
    "the role has nobody": (
        {"roles": ("auditor",)},
        AUTHORS,
        (),
        "Nobody is left who can: too few have the role.",
    ),
}


@pytest.mark.parametrize(("policy", "authors", "by", "said"), LEFT.values(), ids=LEFT)
def test_who_is_left_to_approve_is_named(
    policy: dict[str, object], authors: tuple[str, ...], by: tuple[str, ...], said: str
) -> None:
    found = verdict(*map(tag, by), rules=with_policy(**policy), authors=authors)
    message = found.message
    assert said in message
    stuck = not said.endswith("can give it.")
    assert ('dan@example.com may: `reconciler approve prod --break-glass "<why>"`' in message) == stuck
    assert ("give somebody the role by a commit of its own" in message) == stuck


def test_where_nobody_may_break_the_glass_that_is_said() -> None:
    found = verdict(rules=with_policy(roles=("auditor",), break_glass=()))
    assert "Nobody may break the glass here." in found.message


def test_who_has_no_key_any_more_is_not_named() -> None:
    without = replace(RULES, able=RULES.able - {"cleo@example.com"})
    assert "cleo@example.com" not in verdict(rules=without).message


def test_who_has_a_key_under_another_address_is_named_by_that() -> None:
    moved = replace(RULES, able=RULES.able - {"ben@example.com"})
    assert "ben@home.example, cleo@example.com can give it." in verdict(rules=moved).message


def test_an_address_without_a_key_that_is_valid_signs_nothing() -> None:
    moved = replace(RULES, able=RULES.able - {"ben@example.com"})
    found = verdict(tag(signer="ben@home.example"), rules=moved)
    assert found.decision is Decision.WAIT
    assert "ben@example.com has no key that is valid" in found.message
    assert verdict(tag("ben@home.example"), rules=moved).decision is Decision.GO
