"""People of the story who sign with SSH keys of their own, as Git's settings of each say."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Person:
    """Somebody; `key` is their private key's file."""

    name: str
    email: str
    key: Path

    @staticmethod
    def join(name: str, folder: Path, domain: str = "finedge.example") -> Person:
        """Make a key for somebody new, with an address of a domain."""
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / name.lower()
        key.unlink(missing_ok=True)
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
        subprocess.run(made, check=True, capture_output=True)
        return Person(name, f"{name.lower()}@{domain}", key)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def signer(self) -> str:
        """Their line of `allowed_signers`."""
        kind, key, *_ = self.key.with_suffix(".pub").read_text().split()
        return f"{self.email} {kind} {key}\n"

    @property
    def settings(self) -> Mapping[str, str]:
        """What they told `git config --global`, as variables of a process."""
        said = {
            "user.name": self.name,
            "user.email": self.email,
            "user.signingKey": str(self.key),
            "gpg.format": "ssh",
        }
        pairs = enumerate(said.items())
        numbered = {
            f"GIT_CONFIG_{part}_{number}": text
            for number, pair in pairs
            for part, text in zip(("KEY", "VALUE"), pair, strict=True)
        }
        return {"GIT_CONFIG_COUNT": str(len(said)), **numbered}
