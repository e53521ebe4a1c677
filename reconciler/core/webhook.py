"""Reads what a Git host tells of a push: first the signature, then the words. For ``handlers.on_push``."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

from reconciler.model.people import APPROVALS
from reconciler.model.value import Value

MAX_BODY_BYTES = 1024 * 1024
"""More than any push payload that matters: GitHub truncates lists of commits, and AWS stops at 6 MB."""

_NO_COMMIT = "0" * 40
_APPROVAL = re.compile(rf"refs/tags/{APPROVALS}/([a-z][a-z0-9-]{{0,29}})/[^/]+/[^/]+")


class Hint(Value):
    """Somebody pushed to the branch, or approved something: look. ``commit`` tells repeated deliveries apart.

    ``environment``: only there; None: everywhere.
    """

    commit: str
    environment: str | None = None


class Ignored(Value):
    """A well-formed message that does not concern us, and why."""

    why: str


class Malformed(ValueError):
    """The body is not what a push looks like."""


def signature_valid(secret: str, body: bytes, header: str | None) -> bool:
    """Is ``X-Hub-Signature-256`` the HMAC of this very body? Compared in constant time.

    Source: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if not secret or header is None:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", errors="replace"))


def read_github(event: str | None, body: bytes, branch: str) -> Hint | Ignored:
    """A GitHub-style delivery. ``Malformed`` if it claims to be a push and does not read like one."""
    if event != "push":
        return Ignored(why=f"{event or 'no'} event")
    try:
        payload = json.loads(body)
        ref, commit = payload["ref"], payload["after"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"not a push payload: {error!r}") from error
    return _hint(ref, commit, branch)


def read_codecommit(detail: dict[str, object], branch: str) -> Hint | Ignored:
    """The ``detail`` of a "CodeCommit Repository State Change" event; ``commitId`` is absent on deletion."""
    folder = {"branch": "heads", "tag": "tags"}.get(str(detail.get("referenceType")))
    if folder is None:
        return Ignored(why=f"a {detail.get('referenceType')} changed")
    return _hint(f"refs/{folder}/{detail.get('referenceName')}", detail.get("commitId", _NO_COMMIT), branch)


def _hint(ref: object, commit: object, branch: str) -> Hint | Ignored:
    if not isinstance(ref, str) or not isinstance(commit, str):
        raise Malformed("ref and commit have to be text")
    approved = _APPROVAL.fullmatch(ref)
    if ref != f"refs/heads/{branch}" and approved is None:
        return Ignored(why=f"{ref[:200]} is not refs/heads/{branch}, nor an approval")
    if commit == _NO_COMMIT:
        return Ignored(why=f"{ref[:200]} was deleted")
    return Hint(commit=commit[:64], environment=approved[1] if approved is not None else None)
