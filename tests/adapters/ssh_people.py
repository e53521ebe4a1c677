"""People with real SSH keys, made for one test session."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp


@dataclass(frozen=True)
class Person:
    """Somebody, and where their private key lies."""

    email: str
    key: Path

    @property
    def line(self) -> str:
        """Theirs of ``allowed_signers``."""
        return f"{self.email} {self.key.with_suffix('.pub').read_text().strip()}\n"


@cache
def person(name: str) -> Person:
    """Ana is ``ana@example.com``, and has the same key each time."""
    key = Path(mkdtemp(prefix="reconciler-keys-")) / "id"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key],
        check=True,
        capture_output=True,
    )
    return Person(f"{name}@example.com", key)
