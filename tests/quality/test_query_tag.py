"""The queries of a checkpoint say whose they are, as those of loads do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lib.quality import run_suite
from lib.quality.deep import run_deep

from local.environments import ROOT
from tests.quality.conftest import BATCH


def test_whoever_asks_is_told_to_the_warehouse(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(job: bytes) -> dict[str, Any]:
        asked.append(json.loads(job)["tag"])
        return {"results": [{"suite": "any", "findings": [], "measured": []}], "pages": []}

    monkeypatch.setattr("lib.quality.checkpoint._run", run)
    run_suite("preflight_ingest_s3_sanctions", BATCH, {}, connection, tag="ingest_s3_sanctions.preflight")
    run_deep(BATCH, connection, suites=["deep_privacy"])
    assert asked == ["ingest_s3_sanctions.preflight", "tested.deep_suites"]
    work = (ROOT / "dags" / "lib" / "quality" / "gx" / "work.py").read_text()
    assert 'asked["tag"]' in work
