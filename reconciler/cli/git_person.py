"""Who the caller is, as their Git says; rolling back makes commits in that name."""

from __future__ import annotations

import subprocess

from reconciler.cli.platform import Person
from reconciler.model.errors import Terminal

_SECONDS = 10


def git_person() -> Person:
    """``user.name`` and ``user.email``, and the key where git signs commits with SSH.

    ``Terminal`` if git is missing, or one of the first two is not set.
    """
    values = {key: git("config", "--get", f"user.{key}") for key in ("name", "email")}
    missing = [key for key, value in values.items() if not value]
    if missing:
        raise Terminal(
            f"Git does not know your {' and '.join(missing)}, and a commit needs both.",
            " ".join(f'Run `git config --global user.{key} "…"`.' for key in missing),
        )
    signs = git("config", "--type=bool", "--get", "commit.gpgSign") == "true"
    with_ssh = signs and git("config", "--get", "gpg.format") == "ssh"
    key = git("config", "--get", "user.signingKey") if with_ssh else ""
    return Person(values["name"], values["email"], key)


def signing_key() -> str:
    """``user.signingKey``, which has to be an SSH key. ``Terminal`` if it is not set, or of another kind."""
    key, kind = git("config", "--get", "user.signingKey"), git("config", "--get", "gpg.format")
    if not key or kind not in {"", "ssh"}:
        found = "does not know your SSH key" if not key else f"signs with {kind} for you"
        raise Terminal(
            f"Git {found}, and what is signed here is signed with SSH.",
            "Run `git config --global gpg.format ssh` and "
            "`git config --global user.signingKey ~/.ssh/id_ed25519.pub`.",
        )
    return key


def git(*arguments: str) -> str:
    """What git prints, stripped; empty if it fails. ``Terminal`` if there is no git."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise Terminal("git was not found.", "Install git 2.39 or newer.") from error
    except subprocess.TimeoutExpired as error:
        raise Terminal(f"git did not answer within {_SECONDS} s.", "Try `git --version`.") from error
    return done.stdout.strip() if done.returncode == 0 else ""
