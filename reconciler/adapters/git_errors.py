"""What git said, sorted by what has to happen next. Messages are git's own, in English (LC_ALL=C).

Called by the Git adapter. Patterns are from git 2.39's sources (http.c, remote-curl.c, transport.c,
builtin/clone.c) and OpenSSH's client.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from reconciler.adapters.steady import steady
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.reason import Reason


class Kind(Enum):
    """Whose failure it is."""

    REFUSED = auto()
    """The server does not let us in, or takes no commit of ours."""
    CERTIFICATE = auto()
    NO_REPOSITORY = auto()
    NO_BRANCH = auto()
    OVERTAKEN = auto()
    """The branch is not where a push expected it."""
    NETWORK = auto()
    LOCAL = auto()
    """Nothing of the above: our own copy may be broken."""


# The first that matches counts: ssh, for one, adds "Could not read from remote repository" to everything.
_SAID: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            Kind.OVERTAKEN,
            r"\[rejected\]|\[remote rejected\].*\((?:.*(?:failed to update ref|cannot lock ref|fetch first|"
            r"failed to lock|already exists|incorrect old value|non-fast-forward).*)\)",
        ),
        (Kind.REFUSED, r"\[remote rejected\]"),
        (Kind.CERTIFICATE, r"SSL certificate|certificate verif|server certificate"),
        (Kind.NO_BRANCH, r"couldn't find remote ref|Remote branch .* not found"),
        (
            Kind.NO_REPOSITORY,
            r"repository .*not found|does not appear to be a git repository|returned error: 404|"
            r"project you were looking for could not be found|not valid: is this a git repository",
        ),
        (
            Kind.REFUSED,
            r"Authentication failed|could not read (?:Username|Password)|returned error: 40[13]|Permission "
            r"(?:to .* )?denied|terminal prompts disabled|Host key verification failed|access denied",
        ),
        (
            Kind.NETWORK,
            r"Could not resolve|Failed to connect|Couldn't connect|TLS connection|Empty reply|Recv failure|"
            r"Connection (?:refused|timed out|reset|closed)|Operation (?:too slow|timed out)|early EOF|"
            r"RPC failed|hung up|unexpected disconnect|returned error: (?:429|5\d\d)|"
            r"Network is unreachable|Could not read from remote|unable to access|protocol error|"
            r"invalid server response|bad pack header",
        ),
    )
)


class GitFailure(Exception):
    """A git command that ended badly. ``said`` is its output, secrets removed."""

    def __init__(self, command: str, said: str, *, timed_out: bool = False) -> None:
        super().__init__(f"git {command}: {said}")
        self.command = command
        self.said = said
        self.timed_out = timed_out
        self.kind = Kind.NETWORK if timed_out else _kind(said)

    def translated(self, url: str) -> ReconcilerError:
        """The failure in our words, for the repo at ``url`` (without secrets)."""
        what = f"git {self.command} of {url} failed: {_brief(self.said)}."
        match self.kind:
            case Kind.REFUSED:
                remedy = (
                    "Check that the token or key of the environment repo (RECONCILER_REPO_TOKEN_SECRET) is "
                    "valid and may read and push, and the rules of the branch."
                )
            case Kind.CERTIFICATE:
                remedy = "Make the server's certificate valid, or its authority known to git here."
            case Kind.NO_REPOSITORY:
                remedy = (
                    "Correct RECONCILER_REPO_URL; a private repo that the token may not see looks the same."
                )
            case Kind.NO_BRANCH:
                remedy = "Push the branch, or correct RECONCILER_REPO_BRANCH."
            case Kind.NETWORK if self.timed_out and self.command == "clone":
                remedy = (
                    "It is retried by itself; if it never ends in time, the repo is too large or the server "
                    "too slow: give the environments a repo of their own."
                )
                return Transient(what, remedy, reason=Reason.GIT_OPERATION_FAILED)
            case Kind.OVERTAKEN | Kind.NETWORK | Kind.LOCAL:
                return Transient(what, reason=Reason.GIT_OPERATION_FAILED)
        return Terminal(what, remedy, Reason.GIT_OPERATION_FAILED)


def _kind(said: str) -> Kind:
    return next((kind for kind, pattern in _SAID if pattern.search(said)), Kind.LOCAL)


def _brief(said: str) -> str:
    """The lines that name the trouble, equal for equal troubles, at most 400 characters."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    loud = [line for line in lines if re.match(r"fatal:|error:|remote:|ssh:|!", line)]
    return steady("; ".join(loud or lines[-3:]))[:400].rstrip(".") or "it said nothing"
