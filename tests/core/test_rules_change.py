"""Rules are compared rule by rule, in lines that people can read."""

from __future__ import annotations

import pytest

from reconciler.core.approvals import rules
from reconciler.core.declarations import parse_desired
from reconciler.core.rules_change import changed_rules
from reconciler.model.environment import Desired
from tests.engine.approving import ASKS, ROLES
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, pointer_yaml
from tests.signers import key, signers

KEYS = signers("ana@example.com", "ben@example.com", "dan@example.com")
WINDOWS = b"""\
policy:
  windows:
    freeze: [{name: month-end, start: 2026-01-31T18:00:00, hours: 12, rule: FREQ=MONTHLY;BYMONTHDAY=-1}]
"""


def desired(policy: bytes = ASKS, roles: bytes = ROLES, keys: str = KEYS) -> Desired:
    files = {
        "reconciler.yaml": RECONCILER_YAML + roles,
        "allowed_signers": keys.encode(),
        "dev/environment.yaml": ENVIRONMENT_YAML + policy,
        "dev/pointer.yaml": pointer_yaml("1.0.0"),
    }
    return parse_desired(files, "dev")


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (desired(), []),
        (desired(ASKS.replace(b"24", b"12")), ["policy.approval.validHours: 24.0 → 12.0"]),
        (
            desired(roles=ROLES.replace(b"[ana@example.com, ", b"[")),
            ["roles.release-manager: - ana@example.com"],
        ),
        (
            desired(roles=ROLES + b"  auditor: [dan@example.com]\n"),
            ["roles.auditor: + dan@example.com"],
        ),
        (
            desired(keys=KEYS.replace(key("dan@example.com"), key("another"))),
            [
                "signers: - dan@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5…"
                + key("dan@example.com")[-12:]
                + "; + dan@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5…"
                + key("another")[-12:]
            ],
        ),
        (desired(keys="# people\n\n" + KEYS.replace("\n", " a laptop\n") + "\n"), []),
        (
            desired(keys=signers("dan@example.com", "ben@example.com", "ana@example.com")),
            ["signers: the same, written otherwise"],
        ),
        (
            desired(roles=ROLES + b"  auditor: []\n"),
            ["roles.auditor: none → []"],
        ),
    ],
)
def test_a_line_for_each_rule_that_differs(after: Desired, lines: list[str]) -> None:
    assert list(changed_rules(desired(), after)) == lines
    assert (rules(desired()) == rules(after)) == (not lines)


def test_what_is_not_a_word_is_cut() -> None:
    found = changed_rules(desired(), desired(WINDOWS))
    assert 'policy.windows.freeze: + {"hours":12.0,"name":"month-end"' in "\n".join(found)
    assert "policy.approval.required: 1 → none" in found


def test_of_many_rules_the_first_are_named() -> None:
    many = b"".join(b"  r%d: [dan@example.com]\n" % number for number in range(30))
    found = changed_rules(desired(), desired(roles=ROLES + many))
    assert (len(found), found[-1]) == (21, "and 10 more")
