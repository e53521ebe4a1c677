"""What looks like personal data is found, what only resembles it is not; what is shown is masked."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lib.quality.checkpoint import Checkpoint, run_checkpoints
from lib.quality.detecting import kinds_in
from lib.quality.masking import masked
from lib.quality.personal_data import KINDS, catalogue

from tests.quality.conftest import BATCH, expect


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("receipt to jo@example.com, thanks", ["email"]),
        ("keyed in: 4111111111111111", ["card_number"]),
        ("card 5500-0000-0000-0004.", ["card_number"]),
        ("from GB82 WEST 1234 5698 7654 32", ["iban"]),
        ("DE89370400440532013000", ["iban"]),
        ("ssn 078-05-1120", ["tax_id"]),
        ("jo@example.com 4111 1111 1111 1111", ["email", "card_number"]),
    ],
)
def test_personal_data_is_found(text: str, kinds: list[str]) -> None:
    assert kinds_in(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "contactless",
        "order 4111111111111112",
        "0000000000000000",
        "VISA-2026-03-03",
        "PO-20260303-12",
        "at 10@noon",
        "GB82 WEST 1234 5698 7654 33",
        "000-12-3456 and 912-12-3456",
        "tel 0171 555 1234",
    ],
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert kinds_in(text) == []


def test_a_row_that_is_shown_shows_nobody() -> None:
    row: dict[str, Any] = {
        "CUSTOMER_ID": 19009000000123,
        "FULL_NAME": "Jo Doe",
        "email": "jo@example.com",
        "NOTE": "mail jo@example.com or 0171-5550-12345, IBAN DE89 3704 0044 0532 0130 00",
        "AMOUNT": 12.5,
        "PHONE": None,
        "LONG": "x" * 200,
    }
    shown = masked(row)
    assert shown == {
        "CUSTOMER_ID": "19009000000123",
        "FULL_NAME": "***",
        "email": "***",
        "NOTE": "mail *** or ***, IBAN ***",
        "AMOUNT": "12.5",
        "PHONE": "NULL",
        "LONG": "x" * 77 + "...",
    }


def test_what_only_looks_like_it_hides_nothing(opened: Any, connection: Any) -> None:
    """Numbers as long as a card's, with wrong check digits, come before the one that tells of a person."""
    with opened.cursor() as cursor:
        cursor.execute("CREATE TABLE RAW_CORE.TEXTS (ID NUMBER(38, 0), NOTE VARCHAR)")
        cursor.execute(
            "INSERT INTO RAW_CORE.TEXTS SELECT range, 'order 4111111111111112' FROM range(1500)"
            " UNION ALL SELECT 1500, 'to jo@example.com'"
        )
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr("lib.quality.suites.FOLDER", Path(folder))
        rule = expect("no_personal_data", "private", "raw_core.texts", column="NOTE")
        meta = {"about": "Made for a test.", "tables": {"raw_core.texts": {"key": ["ID"]}}}
        suite = {"name": "texts", "meta": meta, "expectations": [rule]}
        (Path(folder) / "texts.json").write_text(json.dumps(suite))
        ((result,),) = (one.findings for one in run_checkpoints([Checkpoint("texts", BATCH)], connection))
    assert (result.passed, result.failing, result.error) == (False, 1, "")


def test_the_catalogue_finds_columns_wherever_they_are(opened: Any) -> None:
    with opened.cursor() as cursor:
        cursor.execute('CREATE OR REPLACE TABLE MARTS.DIM_X ("FULL_NAME" VARCHAR, "CITY" VARCHAR)')
        cursor.execute('CREATE OR REPLACE TABLE RAW_CORE.X__STG_1 ("FULL_NAME" VARCHAR)')
    found = [one for one in catalogue(opened) if one[1] in ("DIM_X", "X__STG_1")]
    assert found == [("MARTS", "DIM_X", "FULL_NAME", "name")]
    assert {kind for *_, kind in catalogue(opened)} <= set(KINDS.values())
