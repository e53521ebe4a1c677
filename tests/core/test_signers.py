"""Whose key is whose, and what must not be in that file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.core.signers import (
    MOST_BYTES,
    ever_valid,
    parse_signers,
    person,
    said_by,
    still_valid,
    valid_keys,
)
from tests.signers import TYPE, key, signers


def test_each_line_is_a_person_with_a_key() -> None:
    text = f"# people\n\n{signers('ana@example.com,Ana@Users.example.com')}"
    text += f'ben@example.com namespaces="git",valid-before="20300101" {TYPE} {key("ben")} Ben\'s laptop\n'
    found, flaws = parse_signers(text)
    assert flaws == []
    assert [(one.line, set(one.emails)) for one in found] == [
        (3, {"ana@example.com", "ana@users.example.com"}),
        (4, {"ben@example.com"}),
    ]


def test_a_person_is_all_addresses_that_share_a_line_or_a_key() -> None:
    text = signers("ana@example.com,ana@home.example", "ben@example.com")
    text += f"a.smith@example.com {TYPE} {key('ana@example.com,ana@home.example')}\n"
    found, _ = parse_signers(text)
    everything = {"ana@example.com", "ana@home.example", "a.smith@example.com"}
    assert all(person(found, email) == everything for email in everything)
    assert person(found, "BEN@example.com") == {"ben@example.com"}
    assert person(found, "who@example.com") == {"who@example.com"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"*@example.com {TYPE} {key('a')}", "patterns"),
        (f"!ben@example.com,ana@example.com {TYPE} {key('a')}", "patterns"),
        (f'"ana smith@example.com" {TYPE} {key("a")}', "ssh-ed25519"),
        (f"ana@example.com cert-authority {TYPE} {key('a')}", "authority"),
        (f'ana@example.com namespaces="git",Cert-Authority {TYPE} {key("a")}', "authority"),
        (f"ana@example.com {TYPE}", "ssh-ed25519"),
        (f"ana@example.com ssh-rsa {key('a')}", "ssh-ed25519"),
        (f"ana@example.com {TYPE} AAAA=B", "ssh-ed25519"),
        (f"ana@example.com ssh-dss {key('a')}", "ssh-ed25519"),
        ("<<<<<<< HEAD", "ssh-ed25519"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-ed25519"),
    ],
)
def test_what_is_no_signer_is_told_with_its_line(line: str, said: str) -> None:
    found, ((number, _, expected),) = parse_signers(f"# people\n{line}\n")
    assert (found, number) == ([], 2)
    assert said in expected


def test_a_file_that_is_too_long_is_refused_whole() -> None:
    found, flaws = parse_signers("#" * (MOST_BYTES + 1))
    assert found == []
    assert [line for line, _, _ in flaws] == [1]


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ('valid-before="20261122"', True),
        ('valid-before="20261121"', False),
        ('namespaces="git",valid-before="202611211159Z"', False),
        ('valid-before="20261121120100"', True),
        ('valid-before="2026"', False),
        ('valid-after="20200101"', True),
    ],
)
def test_a_key_that_is_over_is_taken_out(option: str, kept: bool) -> None:
    other = signers("ben@example.com")
    text = f"# people\nana@example.com {option} {TYPE} {key('ana')}\n{other}"
    left = still_valid(text, NOW)
    assert ("ana@example.com" in left) == kept
    assert other in left


def test_the_keys_that_a_person_has_now_are_those_that_are_not_over() -> None:
    text = f"ana@example.com,a@home.example valid-before=20200101 {TYPE} {key('old')}\n"
    text += f"a@home.example {TYPE} {key('new')}\n{signers('ben@example.com')}"
    assert valid_keys(text, "Ana@example.com", NOW) == {key("new")}
    assert valid_keys(text, "nobody@example.com", NOW) == frozenset()


@pytest.mark.parametrize("line", ["# eve", "\x0c# eve", "\xa0#eve", "\x0c", "\r", " \t# eve"])
def test_what_is_a_comment_to_us_never_reaches_git(line: str) -> None:
    ana = signers("ana@example.com")
    text = f"{line} {TYPE} {key('eve')}\n" if "eve" in line else f"{line}\n"
    text += ana.replace("\n", " Ana's laptop\n")
    assert parse_signers(text)[1] == []
    assert ever_valid(text) == still_valid(text, NOW) == ana
    assert said_by(text) == said_by(ana)


@pytest.mark.parametrize("option", ['valid-before="20300101"', 'namespaces="git"'])
def test_options_are_part_of_what_a_line_says(option: str) -> None:
    ana = signers("ana@example.com")
    with_option = ana.replace(" ", f"  {option}   ", 1)
    assert said_by(with_option) == (f"ana@example.com {option} {TYPE} {key('ana@example.com')}",)
    assert still_valid(with_option, NOW) == ever_valid(with_option) != ever_valid(ana)


def test_what_ssh_keygen_would_read_otherwise_is_refused() -> None:
    hidden = f"ana@example.com {TYPE} {key('ana')} \x0cben@example.com {TYPE} {key('ben')}"
    found, flaws = parse_signers(hidden)
    assert (found, len(flaws)) == ([], 1)
