"""What counts as a push to us; the signature comes first."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.webhook import Hint, Ignored, Malformed, read_codecommit, read_github, signature_valid

COMMIT = "a" * 40


def signed(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_right_signature_is_valid() -> None:
    assert signature_valid("key", b"body", signed("key", b"body"))


@pytest.mark.parametrize(
    ("secret", "body", "header"),
    [
        ("key", b"body", None),
        ("key", b"body", ""),
        ("key", b"body", "sha256="),
        ("key", b"other", signed("key", b"body")),
        ("other", b"body", signed("key", b"body")),
        ("", b"body", signed("", b"body")),
        ("key", b"body", signed("key", b"body").upper()),
        ("key", b"body", "sha1=" + "0" * 40),
        ("key", b"body", "sha256=é"),
    ],
)
def test_any_other_signature_is_not(secret: str, body: bytes, header: str | None) -> None:
    assert not signature_valid(secret, body, header)


def push(ref: object = "refs/heads/main", after: object = COMMIT) -> bytes:
    return json.dumps({"ref": ref, "after": after}).encode()


@pytest.mark.parametrize(
    ("event", "body", "expected"),
    [
        ("push", push(), Hint),
        ("ping", b"{}", Ignored),
        (None, push(), Ignored),
        ("push", push("refs/heads/other"), Ignored),
        ("push", push("refs/tags/main"), Ignored),
        ("push", push("refs/tags/approval/dev"), Ignored),
        ("push", push(f"refs/tags/approval/dev/{COMMIT}/ana@example.com", after="0" * 40), Ignored),
        ("push", push(f"refs/tags/approval/../{COMMIT}/ana@example.com"), Ignored),
        ("push", push(after="0" * 40), Ignored),
    ],
)
def test_what_is_a_push_to_the_branch(event: str | None, body: bytes, expected: type) -> None:
    assert isinstance(read_github(event, body, "main"), expected)


def test_an_approval_is_a_push_to_its_environment_alone() -> None:
    ref = f"approval/prod/{COMMIT}/ana@example.com"
    told = read_github("push", push(f"refs/tags/{ref}", after="b" * 40), "main")
    assert told == Hint(commit="b" * 40, environment="prod")
    detail = {"referenceType": "tag", "referenceName": ref, "commitId": "b" * 40}
    assert read_codecommit(detail, "main") == told
    assert read_github("push", push(), "main") == Hint(commit=COMMIT)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"\xff", push(after=None), push(ref=3), b"[" * 100_000]
)
def test_a_malformed_push_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_github("push", body, "main")


@given(st.binary())
def test_no_body_raises_anything_else(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        read_github("push", body, "main")


def test_codecommit() -> None:
    detail: dict[str, object] = {"referenceType": "branch", "referenceName": "main", "commitId": COMMIT}
    assert read_codecommit(detail, "main") == Hint(commit=COMMIT)
    assert isinstance(read_codecommit({"referenceType": "tag", "referenceName": "main"}, "main"), Ignored)
    assert isinstance(read_codecommit({"referenceType": "branch", "referenceName": "main"}, "main"), Ignored)
    assert isinstance(read_codecommit({**detail, "referenceName": "x"}, "main"), Ignored)
