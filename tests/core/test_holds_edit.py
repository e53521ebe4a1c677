"""What an alarm adds to a ``holds.yaml``, and that it leaves everything else as it was."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.declarations import parse_holds
from reconciler.core.holds_edit import with_more
from reconciler.model.errors import InvalidInput
from reconciler.model.holds import Hold, Holds, Quarantined

AT = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
GOOD, BAD, OTHER = "a" * 16, "b" * 16, "c" * 16
HOLD = Hold(by="reconciler", since=AT, reason='dev-health: "1 > 0" # failed: yes', at=GOOD)
QUARANTINED = Quarantined(by="reconciler", since=AT, reason="dev-health", release=BAD)
HEAD = "apiVersion: reconciler/v1\nkind: Holds\n"
WHO = "by: Ana, since: 2026-11-20T05:00:00Z, reason: audit"


def said(content: bytes) -> Holds:
    return parse_holds({"dev/holds.yaml": content}, "dev")


FILES = {
    "nothing but a head": f"# Ours.\n{HEAD}",
    "no newline at its end": HEAD.rstrip(),
    "lists of others": f"{HEAD}# They look.\nholds:\n  - by: Ana # of audit\n"
    f"    since: 2026-11-20T05:00:00Z\n    reason: audit\n    at: {OTHER}\n\n"
    f"# Bad ones\nquarantine:\n- {{{WHO}, release: {OTHER}}}\n# The end.\n",
    "its lists the other way round": f"quarantine:\n  - {{{WHO}, release: {OTHER}}}\n"
    f"pins:\n- {{{WHO}, dag: one, release: {OTHER}}} # pinned\nkind: Holds\n",
    "one list in braces": f"{HEAD}holds: [{{{WHO}, at: {OTHER}}}]\n",
    "empty lists": f"{HEAD}holds: []\nquarantine: []\n",
    "all of it in braces": f"{{apiVersion: reconciler/v1, kind: Holds, holds: [{{{WHO}}}]}}\n",
    "other line ends": HEAD.replace("\n", "\r\n"),
    "text over several lines": f"{HEAD}holds:\n  - by: Ana\n    since: 2026-11-20T05:00:00Z\n    reason: |\n"
    "      audit\n      and more\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_two_more_and_all_that_was_there(text: str) -> None:
    before = said(text.encode())
    after = said(with_more(text.encode(), HOLD, QUARANTINED))
    assert after.holds == (*before.holds, HOLD)
    assert after.quarantine == (*before.quarantine, QUARANTINED)
    assert (after.suspended, after.pins) == (before.suspended, before.pins)
    assert not after.let_go(before)


@pytest.mark.parametrize("name", ["nothing but a head", "lists of others", "its lists the other way round"])
def test_comments_stay(name: str) -> None:
    text = FILES[name]
    after = with_more(text.encode(), HOLD, QUARANTINED).decode()
    comments = re.findall(r"#.*", text)
    assert [one for one in comments if one in after] == comments
    lines = [line for line in text.splitlines() if line]
    assert [line for line in after.splitlines() if line in lines] == lines


def test_without_a_file_there_is_one() -> None:
    assert said(with_more(None, HOLD, QUARANTINED)) == Holds(holds=(HOLD,), quarantine=(QUARANTINED,))


def test_once_is_enough() -> None:
    once = with_more(FILES["lists of others"].encode(), HOLD, QUARANTINED)
    later = AT.replace(year=2027)
    again = with_more(
        once,
        HOLD.model_copy(update={"since": later}),
        QUARANTINED.model_copy(update={"since": later, "reason": "again"}),
    )
    assert again == once


def test_a_file_that_says_as_much_as_it_may_is_refused() -> None:
    full = f"{HEAD}holds:\n" + "".join(f"- {{{WHO}, at: '{number:016x}'}}\n" for number in range(20))
    with pytest.raises(InvalidInput, match="holds"):
        with_more(full.encode(), HOLD, QUARANTINED)


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InvalidInput):
        with_more(b"holds: [", HOLD, QUARANTINED)


@pytest.mark.parametrize("release", ["1234567890123e45", "0000000000000013", "1" * 16, "12e4567890123456"])
@pytest.mark.parametrize("content", [None, FILES["lists of others"].encode()])
def test_an_id_that_looks_like_a_number_is_text(content: bytes | None, release: str) -> None:
    after = said(with_more(content, HOLD.model_copy(update={"at": release}), QUARANTINED))
    assert after.holds[-1].at == release


@pytest.mark.parametrize("content", [None, HEAD.encode()], ids=["no file", "a file"])
@given(st.from_regex(r"[0-9]{16}|[0-9]{8}[0-9e]{8}|[0-9a-f]{16}", fullmatch=True), st.booleans())
@example("0123456789012389", False)
@example("1234567890e12345", False)
@example("0b10101010101010", False)
def test_any_id_of_a_release_is_read_as_it_was_written(content: bytes | None, one: str, no: bool) -> None:
    hold = HOLD if no else HOLD.model_copy(update={"at": one})
    bad = QUARANTINED.model_copy(update={"release": one})
    after = said(with_more(content, hold, bad))
    assert (after.holds, after.quarantine) == ((hold,), (bad,))
