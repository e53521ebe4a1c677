"""Reads ``allowed_signers``, the file by which git and ssh-keygen know whose key is whose.

Called where the environments folder is validated, and where approvals are judged. Format: ssh-keygen(1),
"ALLOWED SIGNERS". Patterns and certificate authorities are refused: with them a key could be anybody's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.model.people import EMAIL

MOST_BYTES = 64 * 1024
"""The file is kept with the state of each environment, and a DynamoDB item has 400 KB."""

_KEY = r"ssh-ed25519|sk-ssh-ed25519@openssh\.com|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa"
_LINE = re.compile(
    rf"(?P<who>\S+)[ \t]+(?:(?P<options>(?:[^\s\"]|\"[^\"]*\")+)[ \t]+)?(?P<type>{_KEY})[ \t]+"
    r"(?P<key>[A-Za-z0-9+/]+={0,2})(?:[ \t]+.*)?"
)
_BEFORE = re.compile(r'(?:^|,)valid-before="?(\d+)Z?"?', re.IGNORECASE)
_EXPECTED = "ana@example.com ssh-ed25519 AAAA…, with addresses separated by commas"


@dataclass(frozen=True)
class Signer:
    """One line of the file: the addresses of one person, and one of their keys.

    ``said``: the line as git reads it, without what is only there for people.
    """

    line: int
    emails: frozenset[str]
    key: str
    said: str


def parse_signers(text: str) -> tuple[list[Signer], list[tuple[int, str, str]]]:
    """The signers, and what is wrong: line, what was found, what was expected."""
    signers, flaws = list[Signer](), list[tuple[int, str, str]]()
    if len(text.encode()) > MOST_BYTES:
        return [], [(1, f"{len(text.encode())} bytes", f"at most {MOST_BYTES}")]
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = _LINE.fullmatch(line.strip())
        if parts is None or not line.isprintable() or not _is_key(parts["type"], parts["key"]):
            flaws.append((number, _cut(line), _EXPECTED))
            continue
        emails = parts["who"].split(",")
        odd = [email for email in emails if not re.fullmatch(EMAIL, email)]
        if odd:
            flaws.append((number, f'"{_cut(odd[0])}"', "whole e-mail addresses, no patterns and no quotes"))
        elif re.search(r"(?:^|,)cert-authority(?:,|$)", (parts["options"] or "").lower()):
            flaws.append((number, "cert-authority", "the keys of people: an authority could sign as anybody"))
        else:
            said = " ".join(filter(None, parts.group("who", "options", "type", "key")))
            signers.append(Signer(number, frozenset(map(str.lower, emails)), parts["key"], said))
    return signers, flaws


def said_by(text: str) -> tuple[str, ...]:
    """What the file says, line by line; two that differ in comments say the same.

    Only this is given to git: what we take for a comment might be a line to ssh-keygen.
    """
    return tuple(signer.said for signer in parse_signers(text)[0])


def ever_valid(text: str) -> str:
    """The file as it is given to git, with the keys that are not valid any more."""
    return "".join(f"{line}\n" for line in said_by(text))


def still_valid(text: str, now: datetime) -> str:
    """The same without those.

    git judges a key by the time that is written in what it signed, which is whatever the signer says.
    """
    return "".join(f"{line}\n" for line in said_by(text) if not _is_over(line, now))


def valid_keys(text: str, email: str, now: datetime) -> frozenset[str]:
    """The keys, in base64, by which git knows the person behind an address now."""
    people = person(parse_signers(text)[0], email)
    return frozenset(one.key for one in parse_signers(still_valid(text, now))[0] if one.emails & people)


def person(signers: Collection[Signer], email: str) -> frozenset[str]:
    """All addresses of the person behind one: those that share a line or a key with it, and so on."""
    known = frozenset([email.lower()])
    while True:
        keys = {signer.key for signer in signers if signer.emails & known}
        found = known.union(*(signer.emails for signer in signers if signer.key in keys))
        if found == known:
            return known
        known = found


def addresses(signers: Collection[Signer]) -> Iterator[str]:
    """Every address that has a key."""
    for signer in signers:
        yield from signer.emails


def _is_key(kind: str, text: str) -> bool:
    """A key's blob begins with the length and the name of its type (RFC 4253, 6.6)."""
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return blob.startswith(len(kind).to_bytes(4, "big") + kind.encode())


def _is_over(line: str, now: datetime) -> bool:
    """``valid-before``: a day, or a minute or second of it, in local time or (Z) in UTC; ours is UTC."""
    parts = _LINE.fullmatch(line)
    found = _BEFORE.search(parts["options"] or "") if parts is not None else None
    if found is None:
        return False
    digits = found[1]
    try:
        return now >= datetime.strptime(digits, "%Y%m%d%H%M%S"[: len(digits) - 2]).replace(tzinfo=UTC)
    except ValueError:
        return True


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
