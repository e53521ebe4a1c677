"""Editing a pointer changes the version that was asked for and not one character more."""

from __future__ import annotations

import pytest

from reconciler.core.declarations import set_versions
from reconciler.model.component import Component
from reconciler.model.errors import InvalidInput
from tests.declarations.files import POINTER

DIGEST = "a" * 64

COMMENTED = f"""\
# What dev runs.
apiVersion: reconciler/v1
kind: "Pointer"

components:

  libs: {{version: 1.0.0, digest: {DIGEST}}}  # pinned by Ana
  dags:
      # since the audit
      version: '1.0.0'   # keep an eye on it
      digest: {DIGEST} # verified
  dbt:
    digest: "{DIGEST}"
    version: 1.0.0
# the end"""


def edited(versions: dict[Component, str]) -> str:
    return set_versions(COMMENTED.encode(), versions).decode()


def test_only_the_version_and_its_stale_digest_change() -> None:
    assert edited({Component.DAGS: "1.1.0"}) == COMMENTED.replace("'1.0.0'", "'1.1.0'").replace(
        f"      digest: {DIGEST} # verified\n", ""
    )


def test_a_digest_above_its_version_goes_too() -> None:
    expected = COMMENTED.replace(f'    digest: "{DIGEST}"\n    version: 1.0.0', "    version: 2.0.0-rc.1+b5")
    assert edited({Component.DBT: "2.0.0-rc.1+b5"}) == expected


def test_in_braces_the_pin_is_written_anew() -> None:
    expected = COMMENTED.replace(f"{{version: 1.0.0, digest: {DIGEST}}}", "{version: 1.1.0}")
    assert edited({Component.LIBS: "1.1.0"}) == expected


def test_an_unchanged_version_keeps_its_digest() -> None:
    assert edited({Component.DAGS: "1.0.0", Component.LIBS: "1.0.0"}) == COMMENTED


def test_several_at_once() -> None:
    after = set_versions(POINTER, dict.fromkeys(Component, "3.1.4"))
    assert after == POINTER.replace(b"1.0.0", b"3.1.4")


def test_there_and_back_again() -> None:
    there = set_versions(POINTER, {Component.DBT: "1.10.0"})
    assert there != POINTER
    assert set_versions(there, {Component.DBT: "1.0.0"}) == POINTER


def test_windows_line_ends_and_letters_beyond_ascii_stay() -> None:
    content = POINTER.replace(b"\n", b" # \xc3\xa9\r\n")
    assert set_versions(content, {Component.DBT: "2.0.0"}).count(b" # \xc3\xa9\r\n") == content.count(b"\r\n")


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0\n    digest: x", "", "1.0.0 # x"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(InvalidInput):
        set_versions(POINTER, {Component.DAGS: version})


def test_a_broken_pointer_is_not_edited() -> None:
    with pytest.raises(InvalidInput, match=r"pointer\.yaml:1: file"):
        set_versions(b"", {Component.DAGS: "1.1.0"})
