"""Pushes as the identity that reverts, with a key that is a file only while it signs.

Called by ``bootstrap`` for what acts on alarms. Who that identity is says the commit that is built on. That
the key is its own, and still valid, is looked at before anything is pushed: what nobody takes would only be
in the way.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from reconciler.core.declarations import CONFIG, SIGNERS
from reconciler.core.signers import valid_keys
from reconciler.core.yaml_nodes import Unreadable
from reconciler.core.yaml_values import parse
from reconciler.model.environment import ReconcilerConfig
from reconciler.model.errors import Terminal
from reconciler.model.observation import Commit
from reconciler.model.reason import Reason
from reconciler.ports import Clock, EnvironmentRepo

NAME = "Reverter"
_SECONDS = 10


class Branch(Protocol):
    """What is pushed to, as somebody."""

    def push(self, base: str, files: Mapping[str, bytes], message: str) -> Commit:
        """See ``ports.EnvironmentRepo``."""

    def try_push(self, base: str) -> None:
        """All of it but the push."""


class SigningReverter:
    """See ``ports.Reverter``. ``as_`` opens the repo for a name, an address and the file of a key.

    ``key`` gives the private key's text; ``secret`` is what it is called, for messages.
    """

    def __init__(
        self,
        repo: EnvironmentRepo,
        as_: Callable[[str, str, str], Branch],
        key: Callable[[], str],
        secret: str,
        clock: Clock,
    ) -> None:
        self._repo, self._as, self._key, self._secret, self._clock = repo, as_, key, secret, clock

    def push(self, base: str, files: Mapping[str, bytes], message: str, in_force: str) -> Commit:
        """See ``ports.Reverter``."""
        with self._opened(base, in_force) as repo:
            return repo.push(base, files, message)

    def check(self, in_force: str) -> None:
        """See ``ports.Reverter``."""
        tip = self._repo.tip()
        with self._opened(tip, in_force) as repo:
            repo.try_push(tip)

    @contextmanager
    def _opened(self, base: str, in_force: str) -> Iterator[Branch]:
        known = self._repo.files(base)
        email, now = _reverter(known), self._clock.now()
        written = known.get(SIGNERS, b"").decode(errors="replace")
        with private_file(self._key()) as file:
            if _public(file) not in valid_keys(written, email, now) & valid_keys(in_force, email, now):
                raise Terminal(
                    f"The key in the secret {self._secret} is none that is valid for {email} now, both in "
                    f"{SIGNERS} at the tip and as it was accepted last.",
                    f"Put the private key of {email} into that secret as it is in its file, without a "
                    f"passphrase; or its public key, with a `valid-before` that is not over, into {SIGNERS}.",
                    Reason.INVALID_CONFIGURATION,
                )
            yield self._as(NAME, email, str(file))


@contextmanager
def private_file(text: str) -> Iterator[Path]:
    """A file with a private key, readable by us alone, in a folder of our own; gone afterwards."""
    with TemporaryDirectory(prefix="reconciler-key-") as folder:
        file = Path(folder) / "key"
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "w") as opened:
            # Without a newline at its end ssh-keygen takes it for no key.
            opened.write(f"{text.strip()}\n")
        yield file


def _reverter(files: Mapping[str, bytes]) -> str:
    try:
        config = parse(files.get(CONFIG, b""), ReconcilerConfig)[0]
    except Unreadable:
        config = None
    if config is None or config.reverter is None:
        raise Terminal(
            f"{CONFIG} names no `reverter`: nobody would take a commit of its.",
            f"Name one there, and put its key into {SIGNERS}.",
            Reason.INVALID_CONFIGURATION,
        )
    return config.reverter


def _public(file: Path) -> str:
    """The public key of a private one, in base64; empty if it is none, or has a passphrase."""
    command = ["ssh-keygen", "-y", "-P", "", "-f", str(file)]
    try:
        said = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True).stdout
    except (subprocess.SubprocessError, OSError):
        return ""
    return (*said.decode(errors="replace").split(), "", "")[1]
