"""What an approval is of, and how it is written down: as an SSH-signed tag that names a change's digest.

Called by what judges approvals and by ``reconciler approve``. The digest is over what would run and under
which rules, not over a plan: a plan changes with what is live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.core.identity import canonical, sha256
from reconciler.core.signers import said_by
from reconciler.model.artifact import Digest
from reconciler.model.environment import Desired
from reconciler.model.people import APPROVALS
from reconciler.model.release import DagId, ReleaseId
from reconciler.model.value import Value

_ADDRESS = re.compile(r"<([^<>]*)>\s*$")
_TRAILER = re.compile(r"^(Environment|Change|Break-glass): (.+)$", re.MULTILINE)


class ProposedChange(Value):
    """Where an environment would go from what is in force, and what rules would hold there.

    ``number``: so many changes were accepted here before, so that no approval is ever of a later change too.
    ``to_bytes``: the digest of all that the release is. ``from_losing`` and ``to_losing``: the DAGs that are
    meant to lose runs.
    """

    environment: str
    number: int
    from_release: ReleaseId | None
    to_release: ReleaseId
    to_bytes: Digest
    from_rules: Digest | None
    to_rules: Digest
    from_losing: tuple[DagId, ...] = ()
    to_losing: tuple[DagId, ...] = ()

    @property
    def digest(self) -> Digest:
        """What an approval of this very change names."""
        return sha256(canonical(self.to_json()))

    @property
    def changes_nothing(self) -> bool:
        """Would the same run under the same rules, with no more DAGs that may lose runs?"""
        same = (self.from_release, self.from_rules) == (self.to_release, self.to_rules)
        return same and set(self.to_losing) <= set(self.from_losing)

    @property
    def changes_rules(self) -> bool:
        """Would something hold that is not the pointer's?"""
        return self.from_rules != self.to_rules


def rules(desired: Desired) -> Digest:
    """The digest of a commit's rules."""
    return sha256(canonical(said_of_rules(desired)))


def losing(desired: Desired) -> tuple[DagId, ...]:
    """The DAGs of which a commit says that they are meant to lose runs."""
    return tuple(sorted(set(desired.pointer.loses_runs)))


def said_of_rules(desired: Desired) -> dict[str, object]:
    """All that a commit says about an environment, but for what runs there and is held."""
    reverter = {"reverter": desired.reverter} if desired.reverter is not None else {}
    return {
        **reverter,
        "environment": desired.environment.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "roles": {role: sorted(people) for role, people in desired.roles.items()},
        "signers": list(said_by(desired.signers)),
        "upstream": desired.upstream,
    }


def tag_name(environment: str, commit: str, who: str) -> str:
    """The tag by which ``who`` (an e-mail address) approves a commit for an environment."""
    return f"{APPROVALS}/{environment}/{commit}/{who}"


def tag_message(change: ProposedChange, commit: str, break_glass: str | None) -> str:
    """What the tag says. ``break_glass``: the reason for going without what the policy asks for."""
    lines = [
        f"Approve {commit[:10]} for {change.environment}",
        "",
        f"Environment: {change.environment}",
        f"Change: {change.digest}",
    ]
    if break_glass is not None:
        lines.append(f"Break-glass: {break_glass}")
    return "\n".join(lines) + "\n"


def trailers(message: str) -> Mapping[str, str]:
    """What a tag's message says: ``Environment``, ``Change`` and ``Break-glass``; the first of each."""
    found: dict[str, str] = {}
    for name, value in _TRAILER.findall(message):
        found.setdefault(name, value.strip())
    return found


def email_of(person: str) -> str:
    """The address in ``Name <email>``, in lower case."""
    found = _ADDRESS.search(person)
    return (found[1] if found else person).strip().lower()
