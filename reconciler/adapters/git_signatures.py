"""Tags and commits with SSH signatures: made for the caller's key, and judged by git itself.

Called by ``git_repo``. Keys are those of an ``allowed_signers`` that is handed in, never the machine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.adapters.git_command import GitCommand
from reconciler.adapters.git_errors import GitFailure, Kind
from reconciler.adapters.git_rules import BAD, UNKNOWN_KEY, UNSIGNED, Identity
from reconciler.core.signers import parse_signers
from reconciler.model.errors import Terminal, Transient
from reconciler.model.observation import SignedTag
from reconciler.model.people import APPROVALS

_GOOD = re.compile(r'^Good "git" signature for (\S+) with \S+ key SHA256:\S+$', re.MULTILINE)
_TAGGER = re.compile(r".* (\d{1,12}) [+-]\d{4}")
_TAGS = "refs/tags/"
_MOST_STRANGERS = 20
_MARK = "-----BEGIN SSH SIGNATURE-----"


@contextmanager
def knowing(signers: str) -> Iterator[tuple[str, ...]]:
    """Settings for git by which these signers, and nobody else, are known."""
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "allowed_signers"
        file.write_text(signers)
        yield (
            "-c", f"gpg.ssh.allowedSignersFile={file}", "-c", "gpg.ssh.program=ssh-keygen",
            "-c", "gpg.ssh.revocationFile=", "-c", "gpg.minTrustLevel=undefined",
            # A signature of another kind is nobody's, whatever keys the machine may have.
            "-c", "gpg.program=false", "-c", "gpg.x509.program=false",
        )  # fmt: skip


def tags(
    git: GitCommand, copy: Path, environment: str, commits: Sequence[str], signers: str
) -> list[SignedTag]:
    """The server's tags of approval for some commits, each with whose signature is on it.

    Of whom ``signers`` does not know, tags are told by name and not fetched: anybody may push thousands.
    """
    wanted, known = set(commits), {who for one in parse_signers(signers)[0] for who in one.emails}
    named = [(name, oid) for name, oid in listed(git, copy, f"{APPROVALS}/{environment}/*").items()]
    there = {name: oid for name, oid in named if _part(name, 2) in wanted}
    ours = {name: oid for name, oid in there.items() if _part(name, 3).lower() in known}
    strange = sorted(there.keys() - ours.keys())[:_MOST_STRANGERS]
    found = [
        SignedTag(name=name, commit=_part(name, 2), flaw="nobody of that name has a key here")
        for name in strange
    ]
    if not ours:
        return found
    refs = "".join(f"+refs/tags/{name}:refs/tags/{name}\n" for name in ours)
    try:
        fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--stdin", "origin")
        git.run(*fetch, stdin=refs.encode(), directory=copy)
    except GitFailure as failure:
        if failure.kind is not Kind.NO_BRANCH:
            raise
        raise Transient("A tag of approval went away while it was read.") from None
    with knowing(signers) as settings:
        return [*found, *(_tag(git, copy, name, oid, settings) for name, oid in sorted(ours.items()))]


def listed(git: GitCommand, copy: Path, pattern: str) -> Mapping[str, str]:
    """The server's tags by name, each with the id of its tag object."""
    said = git.run("ls-remote", "--refs", "origin", f"refs/tags/{pattern}", directory=copy)
    rows = (line.partition("\t") for line in said.decode(errors="replace").splitlines())
    # git lets a pattern also match the end of another ref's name.
    return {name.removeprefix(_TAGS): oid for oid, _, name in rows if name.startswith(_TAGS)}


def _part(name: str, number: int) -> str:
    return (*name.split("/", 3), "", "", "", "")[number]


def sign(git: GitCommand, copy: Path, tag: tuple[str, str, str], who: Identity, key: str) -> str:
    """Make the tag (its name, commit and message), signed with a key; the id of its object."""
    name, commit, message = tag
    env = {"GIT_COMMITTER_NAME": who.name, "GIT_COMMITTER_EMAIL": who.email}
    try:
        said = git.run(
            *_signing(key), "tag", "--sign", "--force", "--cleanup=verbatim", "--file=-", name, commit,
            stdin=message.encode(), env=env, directory=copy, with_errors=True,
        ).decode(errors="replace")  # fmt: skip
    except GitFailure as failure:
        raise _no_signature(key, failure.said) from None
    oid = git.run("rev-parse", f"refs/tags/{name}", directory=copy).decode().strip()
    # Where ssh-keygen cannot read the key, git 2.39 makes the tag without a signature and calls that well.
    if _MARK.encode() not in git.run("cat-file", "tag", oid, directory=copy):
        raise _no_signature(key, said)
    return oid


def commit(git: GitCommand, copy: Path, tree: str, base: str, message: str, who: Identity) -> str:
    """Make a commit on top of ``base``, signed if ``who`` has a key; its id."""
    env = dict[str, str]()
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": who.name, f"GIT_{role}_EMAIL": who.email}
    before, after = (_signing(who.key), ("-S",)) if who.key else ((), ())
    making = (*before, "commit-tree", tree, "-p", base, *after, "-F", "-")
    try:
        made = git.run(*making, stdin=message.encode(), env=env, directory=copy).decode().strip()
    except GitFailure as failure:
        if who.key and not failure.timed_out:
            raise _no_signature(who.key, failure.said) from None
        raise
    # As with tags, a key that cannot be read may come to a commit without a signature.
    if who.key and _MARK.encode() not in git.run("cat-file", "commit", made, directory=copy):
        raise _no_signature(who.key, "the commit has no signature")
    return made


def _signing(key: str) -> tuple[str, ...]:
    return "-c", "gpg.format=ssh", "-c", f"user.signingKey={key}"


def _no_signature(key: str, said: str) -> Terminal:
    return Terminal(
        f"git could not sign with the key {key!r}: {said.strip()}",
        "Name a key of yours with `git config --global user.signingKey ~/.ssh/id_ed25519.pub`; "
        "it has to be loaded in ssh-agent, or to have no passphrase.",
    )


def _tag(git: GitCommand, copy: Path, name: str, oid: str, settings: Sequence[str]) -> SignedTag:
    kind = git.run("cat-file", "-t", oid, directory=copy).decode().strip()
    if kind != "tag":
        return SignedTag(name=name, commit=oid, flaw="it has no signature")
    text = git.run("cat-file", "tag", oid, directory=copy).decode(errors="replace")
    head, _, body = text.partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
    found = SignedTag(
        name=name,
        commit=fields.get("object", ""),
        signed_name=fields.get("tag", ""),
        at=_moment(fields.get("tagger", "")),
        message=body.partition(_MARK)[0],
    )
    if _MARK not in body:
        return found.model_copy(update={"flaw": UNSIGNED})
    try:
        said = git.run(*settings, "verify-tag", oid, directory=copy, with_errors=True)
    except GitFailure as failure:
        if failure.timed_out:
            raise
        return found.model_copy(update={"flaw": _flaw(failure.said)})
    good = _GOOD.search(said.decode(errors="replace"))
    if good is None:
        return found.model_copy(update={"flaw": "git does not say whose signature it is"})
    return found.model_copy(update={"signer": good[1].lower()})


def _flaw(said: str) -> str:
    """What git found wrong, for people; an unknown key's signature is called good, but nobody's."""
    if "No principal matched" in said:
        return UNKNOWN_KEY
    return BAD


def _moment(tagger: str) -> datetime | None:
    found = _TAGGER.fullmatch(tagger)
    try:
        return datetime.fromtimestamp(int(found[1]), UTC) if found else None
    except (ValueError, OverflowError, OSError):
        return None
