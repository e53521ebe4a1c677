"""Runs git: bounded in time, never asking anybody, with a token that no command line and no message shows.

Called by the Git adapter. Through GitPython, imported late because it costs a cold start 0.1 s.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import time
from collections.abc import Callable, Container, Mapping
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.adapters.git_errors import GitFailure, Kind
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

SECONDS = 20.0
"""Longest time for one command, of a tick's 60 s of work; the first that takes longer ends the tick. git
has no limit of its own for a TLS handshake."""

CLONE_SECONDS = 75.0
"""Longest time for the first copy of a repo, which would else fail at every tick anew."""

PAUSE_SECONDS = 0.5
"""Before a command is tried once more: what Git hosts answer for a moment while they are overloaded."""

_READING = ("ls-remote", "fetch", "clone")
_SETTINGS = (
    # A stalled server is given up by git itself: under 1 kB/s for 10 s.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=10",
    # Nothing of the machine's own configuration may run code or linger after us.
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "credential.interactive=false",
    "log.showSignature=false",
    "push.gpgSign=false",
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=10",
    # Without ext:: and the like, which run whatever the URL says.
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file:codecommit",
}


class GitCommand:
    """git, talking to one server. ``token`` is asked for each command, so that a rotated one is used."""

    def __init__(self, url: str, token: Callable[[], str] | None = None, deadline: Deadline = NEVER) -> None:
        self._origin = _web_origin(url)
        self._token = token
        self._deadline = deadline

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        directory: Path | None = None,
        accept: Container[int] = (0,),
        with_errors: bool = False,
    ) -> bytes:
        """What git printed. ``directory`` is a bare repository, ``accept`` the exit statuses that are fine.

        ``with_errors``: also what it printed to standard error. Where reading fails for a reason that passes,
        it is tried once more.

        Raises ``GitFailure`` if it ends badly or not in time, ``Transient`` if the tick's time is over before
        it begins, ``Terminal`` if there is no git.
        """
        command = partial(self._once, arguments, stdin, env or {}, directory, accept, with_errors)
        try:
            return command()
        except GitFailure as failure:
            if arguments[0] not in _READING or failure.kind is not Kind.NETWORK or failure.timed_out:
                raise
        time.sleep(PAUSE_SECONDS)
        return command()

    def _once(
        self,
        arguments: tuple[str, ...],
        stdin: bytes,
        env: Mapping[str, str],
        directory: Path | None,
        accept: Container[int],
        with_errors: bool,
    ) -> bytes:
        self._deadline.check("git")
        most = CLONE_SECONDS if arguments[0] == "clone" else SECONDS
        token = self._token() if self._token and self._origin else ""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        where = ["--git-dir", str(directory)] if directory else []
        command = [_git().Git.GIT_PYTHON_GIT_EXECUTABLE, *settings, *where, *arguments]
        full_env = {**_ENVIRONMENT, **self._secret(token), **env}
        status, out, err = _execute(command, stdin, full_env, min(most, self._deadline.left()))
        if status in accept:
            return out + err if with_errors else out
        if status is None:
            # What was said before it was killed differs each time.
            err = f"fatal: no end after {most:g} s, or not before the tick's".encode()
        said = _without(f"{out.decode(errors='replace')}\n{err.decode(errors='replace')}", token)
        # From None, here and below: what git was given and said in full stays out of tracebacks.
        raise GitFailure(_name(arguments), said, timed_out=status is None) from None

    def _secret(self, token: str) -> Mapping[str, str]:
        """git's configuration by environment: unlike ``-c`` it is not in the process list."""
        if not token:
            return {}
        return {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": f"http.{self._origin}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {_basic(token)}",
            "GIT_CONFIG_KEY_1": "credential.helper",
            "GIT_CONFIG_VALUE_1": "",
        }


def _name(arguments: tuple[str, ...]) -> str:
    """The command among its arguments: not `-c`, nor what follows that, nor an option."""
    settings = {number + 1 for number, word in enumerate(arguments) if word == "-c"}
    plain = (word for number, word in enumerate(arguments) if number not in settings)
    return next((word for word in plain if not word.startswith("-")), "")


def _execute(
    command: list[str], stdin: bytes, env: Mapping[str, str], seconds: float
) -> tuple[int | None, bytes, bytes]:
    """Exit status (None: it was killed for taking too long), standard output, standard error."""
    git = _git()
    try:
        process = git.Git().execute(
            command, istream=subprocess.PIPE, as_process=True, env=env, start_new_session=True
        )
    except git.GitCommandNotFound:
        raise Terminal(
            "git was not found.",
            "Install git (Debian: apt-get install git) and see that it is on PATH.",
            Reason.GIT_OPERATION_FAILED,
        ) from None
    try:
        out, err = process.communicate(stdin, timeout=seconds)
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        # The whole group: git's helpers would go on holding the connection.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, b"", b""


@cache
def _git() -> ModuleType:
    """GitPython. Without git it would refuse to be imported, before anybody can say what to do."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git

    return git


def _web_origin(url: str) -> str:
    """``https://host/`` of an HTTP URL, so that the token goes nowhere else; empty for other URLs.

    ``Terminal`` if the URL holds a password: it would show in process lists and messages.
    """
    parts = urlsplit(url)
    if parts.password is not None:
        raise Terminal(
            f"The URL of the environment repo at {parts.hostname} holds a password.",
            "Put it into a secret, name that in RECONCILER_REPO_TOKEN_SECRET, and take it out of the URL.",
            Reason.INVALID_CONFIGURATION,
        )
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in ("http", "https") else ""


def _basic(token: str) -> str:
    """A token as basic credentials. GitHub, GitLab and Bitbucket want some user name: this one suits all.

    A token that holds a colon is a user name and a password already.
    """
    pair = token if ":" in token else f"x-access-token:{token}"
    return base64.b64encode(pair.encode()).decode()


def _without(said: str, token: str) -> str:
    """Output without the token in any of its forms, should git's tracing be on."""
    for secret in filter(None, (token and _basic(token), token, token.partition(":")[2])):
        said = said.replace(secret, "***")
    return said
