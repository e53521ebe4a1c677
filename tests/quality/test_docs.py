"""Data Docs: pages that need nothing but themselves, show what is wrong, and show nobody's data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from lib.quality import QualityFailed, run_suite

from local.httpd import Handler, Server
from tests.quality.conftest import BATCH, Row, expect

TABLE = "raw_core.clients"


@dataclass
class Bucket:
    """What was put where, and as what."""

    objects: dict[str, tuple[str, str]] = field(default_factory=dict)


@pytest.fixture
def bucket() -> Iterator[tuple[Bucket, Any]]:
    """A server that takes objects as S3 does, and the Airflow connection to it."""
    kept = Bucket()

    class Objects(Handler):
        def do_PUT(self) -> None:
            kept.objects[self.path] = (self.headers["Content-Type"], self.body().decode())
            self.reply(200)

    server = Server(0, Objects)
    server.start()
    yield kept, lake(server.server_address[1])
    server.shutdown()
    server.server_close()


def lake(port: int) -> Any:
    extra = {"bucket": "lake", "endpoint_url": f"http://127.0.0.1:{port}", "region_name": "eu-central-1"}
    return SimpleNamespace(
        host=None, port=None, login="key", password="secret", schema=None, extra_dejson=extra
    )


@pytest.fixture
def suite(new_suite: Callable[..., str], ask: Callable[..., list[Row]]) -> str:
    """Two rules that do not hold, one of them a warning."""
    ask(
        'CREATE OR REPLACE TABLE RAW_CORE.CLIENTS ("ID" NUMBER(38, 0), "EMAIL" VARCHAR, "NOTE" VARCHAR)',
        "INSERT INTO RAW_CORE.CLIENTS VALUES (7, 'jo@example.com', '<b>call 4111111111111111</b>')",
    )
    return new_suite(
        "clients",
        {TABLE: {"key": ["ID"]}},
        [
            expect("column_values_to_match_regex", "note_plain", TABLE, column="NOTE", regex="^[a-z]*$"),
            expect("column_values_to_match_regex", "ours", TABLE, "warn", column="EMAIL", regex="@ours"),
            expect("column_values_to_not_be_null", "key_not_null", TABLE, column="ID"),
        ],
    )


def test_pages_tell_everything_and_need_nothing(
    suite: str, connection: Any, bucket: tuple[Bucket, Any]
) -> None:
    kept, docs = bucket
    with pytest.raises(QualityFailed):
        run_suite(suite, BATCH, {}, connection, docs=docs)
    page = "/lake/data-docs/clients/2026-03-02T000000--2026-03-03T000000.html"
    assert set(kept.objects) == {page, "/lake/data-docs/index.html"}
    assert {kind for kind, _ in kept.objects.values()} == {"text/html; charset=utf-8"}
    texts = {key: text for key, (_, text) in kept.objects.items()}
    for text in texts.values():
        # No address of another place, no script, and nobody's data.
        assert not re.search(r"https?:|//|<script|<link|@import|url\(", text)
        assert "example.com" not in text
        assert "4111" not in text
    for told in ("note_plain", "1 of 1", "tests, error", "Because this test wants it so.", "^[a-z]*$"):
        assert told in texts[page]
    assert "&lt;b&gt;call ***" in texts[page]
    index = texts["/lake/data-docs/index.html"]
    assert '<a href="clients/2026-03-02T000000--2026-03-03T000000.html">clients</a>' in index
    assert re.search(r'class="state failed">failed</span></td>\s*<td><a href="clients/', index)


def test_a_bucket_that_cannot_be_reached_stops_no_data(
    suite: str, connection: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(QualityFailed, match="note_plain"):
        run_suite(suite, BATCH, {}, connection, docs=lake(1))
    assert "Data Docs were not published" in capfd.readouterr().err
