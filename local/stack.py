"""Starts and ends the whole local cloud. Whoever calls `Stack.up` is its supervisor.

Called by `local.supervisor` (`make up`), the demo and the tests. Every server is a process on a leash: if the
caller is killed, all of them end too. Two stacks share nothing but the installed environments.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

from local import assembly, deployment, environments, prerequisites
from local.home import Home
from local.options import StackOptions
from local.plan import Plan, Pythons, settle
from local.processes import Process, stop_all
from local.stack_info import StackInfo

Say = Callable[[str], None]


@dataclass
class Stack:
    """A running stack; `info` says where everything is."""

    info: StackInfo
    _plan: Plan
    _servers: Servers

    @staticmethod
    def up(home: Path, options: StackOptions | None = None, say: Say = print) -> Stack:
        """Start everything in `home` (emptied first) and return when all of it answers.

        Installs what is not installed yet. Raises LocalError with a remedy; then nothing is left running.
        """
        prerequisites.check()
        wanted = options or StackOptions()
        airflow = environments.airflow_python if wanted.providers else environments.bare_airflow_python
        pythons = Pythons(
            airflow=airflow(say) if wanted.airflow else Path(),
            ministack=environments.ministack_python(say),
            functions=environments.lambda_python(say),
            warehouse=environments.warehouse_python(say) if wanted.warehouse else Path(),
        )
        folder = Home.at(home)
        servers = Servers(folder.take(), say)
        try:
            plan = settle(folder.path, wanted, pythons)
            info = _start(plan, servers)
            if wanted.prepare is not None:
                wanted.prepare(info)
        except BaseException:
            servers.close()
            raise
        info.write()
        return Stack(info, plan, servers)

    def begin(self, *environments: str) -> None:
        """Start the Airflows that were left for `later`; returns when all are healthy."""
        with ThreadPoolExecutor() as pool:
            for ended in [pool.submit(_airflow, self._plan, self._servers, name) for name in environments]:
                ended.result()

    def down(self) -> None:
        """End every server with all that it started. Safe to call twice."""
        self._servers.close()

    def dead(self) -> list[str]:
        """Names of the servers that ended by themselves."""
        return self._servers.dead()


@dataclass
class Servers:
    """The running servers and the home's lock; once closed, a late starter is ended at once."""

    lock: int
    say: Say
    running: list[Process] = field(default_factory=list)
    _closed: bool = False
    _guard: Lock = field(default_factory=Lock)

    def add(self, name: str, start: Callable[[], list[Process]]) -> None:
        """Start something, keep it, and say how long it took."""
        began = time.monotonic()
        started = start()
        with self._guard:
            self.running += started
            closed = self._closed
        if closed:
            stop_all(started)
            return
        self.say(f"{name}: ready after {time.monotonic() - began:.1f} s")

    def close(self) -> None:
        """End them all, then let go of the lock."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            ending = list(self.running)
        stop_all(reversed(ending))
        os.close(self.lock)

    def dead(self) -> list[str]:
        """Names of those that do not run."""
        with self._guard:
            return [process.name for process in self.running if not process.alive()]


def _start(plan: Plan, servers: Servers) -> StackInfo:
    """The slow parts at the same time; returns when all answer."""
    pool = ThreadPoolExecutor(max_workers=8)
    try:
        begun = plan.airflows.keys() - set(plan.options.later)
        slow = [pool.submit(_airflow, plan, servers, name) for name in sorted(begun)]
        if plan.options.postgres:
            slow.append(pool.submit(servers.add, "PostgreSQL", partial(assembly.postgres, plan)))
        if plan.options.warehouse:
            slow.append(pool.submit(servers.add, "Warehouse", partial(assembly.warehouse, plan)))
        servers.add("Git server", partial(assembly.git, plan))
        servers.add("AWS", partial(assembly.aws, plan))
        servers.add("Lambda host", partial(assembly.lambda_host, plan))
        servers.add("Metrics", partial(assembly.metrics, plan))
        servers.add("MWAA front", partial(assembly.mwaa, plan))
        outputs = deployment.deploy(plan)
        servers.say("template.yaml: deployed")
        servers.add("DAG sync", partial(assembly.dag_sync, plan))
        for part in slow:
            part.result()
    finally:
        # After a failure nobody waits for the other parts: what they start late is ended at once.
        pool.shutdown(wait=False, cancel_futures=True)
    return deployment.info(plan, outputs, {process.name: process.leash.pid for process in servers.running})


def _airflow(plan: Plan, servers: Servers, environment: str) -> None:
    servers.add(f"Airflow of {environment}", partial(assembly.airflow, plan, plan.airflows[environment]))
