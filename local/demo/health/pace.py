"""Lets the reconciler look every few seconds, where AWS's shortest schedule is a minute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from local.stack_info import StackInfo

FUNCTION = "CheckHealth"


@contextmanager
def looks(info: StackInfo, seconds: float) -> Iterator[None]:
    """Invoke the function that looks, as its schedule does, for as long as the context lasts."""
    over, functions = threading.Event(), client("lambda", info.aws_endpoint)

    def ask() -> None:
        while not over.wait(seconds):
            with suppress(BotoCoreError, ClientError):
                functions.invoke(FunctionName=info.functions[FUNCTION], Payload=b"{}")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
