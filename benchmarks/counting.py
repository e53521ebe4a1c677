"""Counts what a tick asks of the outside: calls of the ports, HTTP requests to AWS, runs of git.

Used in a process of its own (`benchmarks.tick_process`), into whose libraries it puts its counters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, cast

from reconciler.engine.world import World
from reconciler.model.environment import Environment
from reconciler.ports import Target


class Counted:
    """Any port; each call of a method is counted as `<port>.<method>`."""

    def __init__(self, port: object, name: str, calls: Counter[str]) -> None:
        self._port, self._name, self._calls = port, name, calls

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def call(*arguments: object, **named: object) -> object:
            self._calls[f"{self._name}.{method}"] += 1
            return found(*arguments, **named)

        return call


def counted(world: World, calls: Counter[str]) -> World:
    """The world with every port counted. Its clock is not: it asks nobody."""

    def target(environment: Environment) -> Target:
        opened: Any = world.target(environment)
        ports = {name: Counted(getattr(opened, name), name, calls) for name in ("folder", "airflow")}
        return cast(Target, replace(opened, **ports))

    counters: Any = {
        name: Counted(getattr(world, name), name, calls) for name in ("repo", "artifacts", "store", "bus")
    }
    return replace(world, target=target, **counters)


def count_requests(requests: Counter[str]) -> None:
    """From now on count each HTTP request that botocore sends, and each git command that asks the server."""
    from botocore.httpsession import URLLib3Session

    from reconciler.adapters.git_command import GitCommand

    send, run = URLLib3Session.send, GitCommand.run

    def counted_send(self: Any, request: Any) -> Any:
        requests[_name(request)] += 1
        return send(self, request)

    def counted_run(self: Any, *arguments: str, **named: Any) -> Any:
        if arguments[0] in ("ls-remote", "fetch", "clone", "push"):
            requests[f"git {arguments[0]}"] += 1
        return run(self, *arguments, **named)

    changed: Any = URLLib3Session
    changed.send = counted_send
    changed_git: Any = GitCommand
    changed_git.run = counted_run


def _name(request: Any) -> str:
    operation = request.headers.get("X-Amz-Target", b"")
    text = operation.decode() if isinstance(operation, bytes) else str(operation)
    return text.rpartition(".")[2] or f"S3 {request.method}{' list' if 'list-type' in request.url else ''}"
