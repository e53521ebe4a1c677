"""Lets a function run every few seconds, where AWS's shortest schedule is a minute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from local.stack_info import StackInfo


@contextmanager
def each(seconds: float, info: StackInfo, function: str) -> Iterator[None]:
    """Invoke a function as its schedule does, for as long as the context lasts."""
    over, functions = threading.Event(), client("lambda", info.aws_endpoint)

    def ask() -> None:
        while not over.wait(seconds):
            with suppress(BotoCoreError, ClientError):
                functions.invoke(FunctionName=info.functions[function], Payload=b"{}")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
