"""Runs the stack's functions: the emulator forwards each invocation here, over HTTP.

`python -m local.lambda_host PORT AWS_ENDPOINT MWAA_ENDPOINT HOME CODE PYTHON`, on a leash. What a function's
command, timeout and variables are is asked of the emulator, so the deployed template is the only source of
truth. `POST /forget` drops that knowledge and ends all sandboxes (after the stack was updated). One log file
per function: `HOME/logs/functions/<function name>.log`. `GET /invocations` lists what is under way, for
whoever wants to kill one. Never answers anything itself.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from local.aws import client, variables
from local.httpd import Handler, Server
from local.lambda_sandbox import FunctionConfig, Outcome, Runtime, Sandbox


class Function:
    """One deployed function and its sandboxes, idle ones being reused."""

    def __init__(self, config: FunctionConfig, runtime: Runtime) -> None:
        self.config, self.runtime = config, runtime
        self._idle: list[Sandbox] = []
        self._all: set[Sandbox] = set()
        self._lock = threading.Lock()

    def invoke(self, event: bytes, request_id: str) -> Outcome:
        """Run it in an idle sandbox, or in a new one."""
        sandbox = self._take()
        outcome = sandbox.invoke(event, request_id)
        if not outcome.ok and not sandbox.alive:
            self._log_end(request_id, outcome)
        with self._lock:
            if sandbox.alive:
                self._idle.append(sandbox)
            else:
                self._drop(sandbox)
        return outcome

    def under_way(self) -> list[dict[str, Any]]:
        """The invocations that have begun and not ended."""
        with self._lock:
            return [
                {"function": self.config.name, "requestId": sandbox.request_id, "pid": sandbox.pid}
                for sandbox in self._all
                if sandbox.request_id and sandbox.alive
            ]

    def _log_end(self, request_id: str, outcome: Outcome) -> None:
        """As on AWS, the log says of an invocation that its process did not survive it, and why."""
        error = json.loads(outcome.body)
        line = f"RequestId: {request_id} {error.get('errorType')}: {error.get('errorMessage')}\n"
        with (self.runtime.logs / f"{self.config.name}.log").open("a") as log:
            log.write(line)

    def close(self) -> None:
        """End all its sandboxes."""
        with self._lock:
            for sandbox in self._all:
                sandbox.close()
            self._all.clear()
            self._idle.clear()

    def _drop(self, sandbox: Sandbox) -> None:
        sandbox.close()
        self._all.discard(sandbox)

    def _take(self) -> Sandbox:
        with self._lock:
            while self._idle:
                sandbox = self._idle.pop()
                if sandbox.alive:
                    return sandbox
                self._drop(sandbox)
            sandbox = Sandbox(self.config, self.runtime)
            self._all.add(sandbox)
            return sandbox


class Functions:
    """All functions that were invoked so far."""

    def __init__(self, endpoint: str, runtime: Runtime) -> None:
        self._lambda = client("lambda", endpoint)
        self._runtime = runtime
        self._known: dict[str, Function] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Function:
        """The function as it is deployed."""
        with self._lock:
            if name not in self._known:
                found = self._lambda.get_function_configuration(FunctionName=name)
                self._known[name] = Function(parse(found), self._runtime)
            return self._known[name]

    def under_way(self) -> list[dict[str, Any]]:
        """The invocations of all functions that have begun and not ended."""
        with self._lock:
            known = list(self._known.values())
        return [invocation for function in known for invocation in function.under_way()]

    def forget(self) -> None:
        """End all sandboxes and ask anew at the next invocation."""
        with self._lock:
            for function in self._known.values():
                function.close()
            self._known.clear()


def parse(found: dict[str, Any]) -> FunctionConfig:
    """A function from `GetFunctionConfiguration`, without the variable that points the emulator here."""
    declared = found.get("Environment", {}).get("Variables", {})
    return FunctionConfig(
        name=found["FunctionName"],
        arn=found["FunctionArn"],
        handler=found["ImageConfigResponse"]["ImageConfig"]["Command"][0],
        timeout=found["Timeout"],
        memory=found["MemorySize"],
        env={name: value for name, value in declared.items() if not name.startswith("MINISTACK_")},
    )


def front(functions: Functions) -> type[Handler]:
    """The HTTP side."""

    class Front(Handler):
        def do_GET(self) -> None:
            if self.path == "/invocations":
                return self.reply_json(200, {"invocations": functions.under_way()})
            return self.reply_json(200, {"status": "ok"})

        def do_POST(self) -> None:
            event = self.body()
            if self.path == "/forget":
                functions.forget()
                return self.reply_json(200, {})
            name = self.headers["X-Amzn-Lambda-Function-Name"]
            request_id = self.headers.get("X-Amzn-Lambda-Request-Id") or str(uuid.uuid4())
            outcome = functions.get(name).invoke(event, request_id)
            headers = {"Content-Type": "application/json"}
            return self.reply(200 if outcome.ok else 502, outcome.body, headers)

    return Front


def main(port: int, runtime: Runtime, endpoint: str) -> None:
    """Serve until told to end."""
    for folder in (runtime.logs, runtime.sandboxes):
        folder.mkdir(parents=True, exist_ok=True)
    functions = Functions(endpoint, runtime)
    Server(port, front(functions)).serve_until_told()
    functions.forget()


if __name__ == "__main__":
    port, endpoint, mwaa_endpoint, home, code, python = sys.argv[1:]
    folder = Path(home)
    main(
        int(port),
        Runtime(
            python=Path(python),
            code=Path(code),
            aws=variables(endpoint, mwaa_endpoint),
            logs=folder / "logs" / "functions",
            sandboxes=folder / "sandboxes",
        ),
        endpoint,
    )
