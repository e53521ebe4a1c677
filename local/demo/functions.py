"""The functions as their host sees them: which invocation is under way, killing one, and what was killed.

For the scene with the kills. On AWS nobody can do that; there a function's process dies by itself (memory).
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.aws import client
from local.processes import wait_until
from local.stack_info import StackInfo
from local.template import PROXY

_KILLED = re.compile(rf"^RequestId: (\S+) Runtime\.ExitError: .* -{signal.SIGKILL.value}$", re.MULTILINE)


@dataclass(frozen=True)
class Invocation:
    """One that is under way: its request id, and the process that runs it, a group of its own."""

    request_id: str
    pid: int


@dataclass(frozen=True)
class Functions:
    """The functions of a stack, by their names in the template: Reconcile, ..."""

    info: StackInfo

    def under_way(self, function: str) -> list[Invocation]:
        """Its invocations that have begun and not ended."""
        return _under_way(self._host(function), self.info.functions[function])

    def kill_when(self, function: str, moment: Callable[[], bool], seconds: float) -> str:
        """SIGKILL the function's process, and what it started, at a moment at which it is at work.

        Returns the request id of the invocation that was cut off. Raises TimeoutError.
        """
        host, name = self._host(function), self.info.functions[function]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if moment() and (found := _under_way(host, name)):
                return _kill(host, name, found[0])
            time.sleep(0.01)
        raise TimeoutError(f"no moment to kill {function} within {seconds:.0f} s")

    def killed(self, function: str) -> list[str]:
        """The request ids of its invocations that a SIGKILL cut off, oldest first, by the function's log."""
        log = Path(self.info.logs) / "functions" / f"{self.info.functions[function]}.log"
        return _KILLED.findall(log.read_text())

    def _host(self, function: str) -> str:
        """Where the emulator sends invocations."""
        found = client("lambda", self.info.aws_endpoint).get_function_configuration(
            FunctionName=self.info.functions[function]
        )
        return f"http://{urlsplit(found['Environment']['Variables'][PROXY]).netloc}"


def _kill(host: str, name: str, invocation: Invocation) -> str:
    os.killpg(invocation.pid, signal.SIGKILL)
    # Its host takes a moment to see that: until then it would pass for one that is at work.
    wait_until(lambda: invocation not in _under_way(host, name), 10, "it has ended")
    return invocation.request_id


def _under_way(host: str, name: str) -> list[Invocation]:
    with urllib.request.urlopen(f"{host}/invocations", timeout=10) as answer:
        found = json.load(answer)["invocations"]
    return [Invocation(item["requestId"], item["pid"]) for item in found if item["function"] == name]
