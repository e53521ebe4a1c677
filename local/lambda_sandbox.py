"""One Lambda sandbox: a process under the official `awslambdaric`, one invocation at a time, as on AWS.

Used by `local.lambda_host`. Speaks the Lambda Runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) to the process it starts. A sandbox whose
invocation exceeds the function's timeout is killed, and so is what the handler started.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.httpd import Handler, Server


@dataclass(frozen=True)
class FunctionConfig:
    """A function as deployed. `timeout` in seconds, `memory` in MB; `env` its own variables."""

    name: str
    arn: str
    handler: str
    timeout: int
    memory: int
    env: Mapping[str, str]


@dataclass(frozen=True)
class Runtime:
    """What is the same for all functions: the interpreter, the code's folder, AWS's variables, folders."""

    python: Path
    code: Path
    aws: Mapping[str, str]
    logs: Path
    sandboxes: Path


@dataclass(frozen=True)
class Outcome:
    """An invocation's result: `ok` with the handler's JSON, or not, with Lambda's error JSON."""

    ok: bool
    body: bytes


class Sandbox:
    """A running sandbox."""

    def __init__(self, function: FunctionConfig, runtime: Runtime) -> None:
        self.function = function
        self._events: queue.Queue[tuple[str, bytes, int]] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._broken = threading.Event()
        self.request_id = ""
        """Of the invocation that is under way; empty when there is none."""
        self._api = Server(0, self._runtime_api())
        self._api.start()
        # As on AWS a sandbox has a /tmp of its own, which lasts as long as it does.
        self._tmp = Path(tempfile.mkdtemp(prefix=f"{function.name}-", dir=runtime.sandboxes))
        log = runtime.logs / f"{function.name}.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(runtime.python), "-m", "awslambdaric", function.handler],
                cwd=runtime.code,
                env={
                    **environment(function, runtime),
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
                    "TMPDIR": str(self._tmp),
                    "HOME": str(self._tmp),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process.poll() is None and not self._broken.is_set()

    @property
    def pid(self) -> int:
        """Its process, the leader of a process group of its own."""
        return self._process.pid

    def invoke(self, event: bytes, request_id: str) -> Outcome:
        """Run the handler on a JSON event; kills the sandbox when the function's timeout has passed."""
        self.request_id = request_id
        try:
            return self._invoke(event, request_id)
        finally:
            self.request_id = ""

    def _invoke(self, event: bytes, request_id: str) -> Outcome:
        deadline = int((time.time() + self.function.timeout) * 1000)
        self._events.put((request_id, event, deadline))
        try:
            return self._outcomes.get(timeout=self.function.timeout)
        except queue.Empty:
            self.close()
            seconds = f"{self.function.timeout}.00 seconds"
            return failure("Sandbox.Timedout", f"{request_id} Task timed out after {seconds}")

    def close(self) -> None:
        """Kill it with all that the handler started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.shutdown()
        self._api.server_close()
        shutil.rmtree(self._tmp, ignore_errors=True)

    def _watch(self) -> None:
        code = self._process.wait()
        self._outcomes.put(failure("Runtime.ExitError", f"Runtime exited with code {code}"))

    def _runtime_api(self) -> type[Handler]:
        sandbox = self

        class RuntimeApi(Handler):
            def do_GET(self) -> None:
                request_id, event, deadline = sandbox._events.get()
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": sandbox.function.arn,
                    "Content-Type": "application/json",
                }
                self.reply(200, event, headers)

            def do_POST(self) -> None:
                if self.path.endswith("/init/error"):
                    sandbox._broken.set()
                sandbox._outcomes.put(Outcome(not self.path.endswith("/error"), self.body()))
                self.reply_json(202, {"status": "OK"})

        return RuntimeApi


def environment(function: FunctionConfig, runtime: Runtime) -> dict[str, str]:
    """What Lambda gives a function: its own variables, AWS's, and nothing of the machine's but the PATH."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        **runtime.aws,
        **function.env,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(runtime.code),
        "_HANDLER": function.handler,
        "PYTHONPATH": str(runtime.code),
        "PYTHONUNBUFFERED": "1",
    }


def failure(kind: str, message: str) -> Outcome:
    """An error as Lambda words it."""
    return Outcome(False, json.dumps({"errorType": kind, "errorMessage": message}).encode())
