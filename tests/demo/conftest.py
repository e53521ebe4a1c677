"""The whole story, played once on a real stack, with the evidence of each check."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.aws import client
from local.demo.play import play
from local.demo.scenes import SCENES
from local.demo.screen import Screen
from local.demo.stage import set_up
from tests.demo.evidence import RecordedStory


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedStory]:
    """After the last scene; the stack still runs, until the module's tests have ended."""
    with set_up(tmp_path_factory.mktemp("demo") / "demo", Screen(), RecordedStory) as story:
        with _a_minute_is_short(story):
            play(story, SCENES)
        # Airflow counts as busy from now on, so that no sweep puts a planted fault right.
        story.info.set_mwaa_status("dev", "UPDATING")
        yield story


@contextmanager
def _a_minute_is_short(story: RecordedStory) -> Iterator[None]:
    """Let the sweep run every few seconds. Not `sync`: a person who asks asks for another try, too."""
    over = threading.Event()
    functions = client("lambda", story.info.aws_endpoint)

    def ask() -> None:
        while not over.wait(10):
            functions.invoke(FunctionName=story.info.functions["Sweep"], Payload=b"{}")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
