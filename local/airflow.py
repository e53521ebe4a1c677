"""Runs a real Airflow: api-server, scheduler, dag-processor and, if asked, a triggerer, each on a leash.

Called by the stack and by the tests' fixtures. Never `airflow standalone`, which orphans its children.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from local.airflow_settings import AirflowConfig, variables
from local.errors import ServerDied
from local.processes import Command, Process, answers, start, stop_all, wait_for

PLUGINS = {"dag-processor": {"AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "False"}}
"""Imported once, not anew in each process that parses a file. Not in the scheduler: a worker of Airflow
3.0.6's LocalExecutor that starts at once finds its task not queued yet, for that is committed afterwards, and
fails."""


@dataclass(frozen=True)
class Airflow:
    """A running Airflow. `python` is its interpreter, `logs` the folder with one log per process."""

    config: AirflowConfig
    python: Path
    logs: Path
    processes: tuple[Process, ...]

    @property
    def url(self) -> str:
        """Base URL of the UI; the REST API is under /api/v2."""
        return self.config.url

    @property
    def env(self) -> dict[str, str]:
        """The whole environment with which its scheduler runs; for calling the `airflow` command."""
        return _environment(self.config, self.python, self.config.worker_dags)

    def token(self) -> str:
        """A fresh bearer token for the REST API (valid for a day)."""
        return fetch_token(self.url)

    def stop(self) -> None:
        """End all processes and the tasks they run."""
        stop_all(self.processes)


def fetch_token(url: str) -> str:
    """A bearer token from an Airflow whose simple auth manager makes everybody an admin."""
    with urllib.request.urlopen(f"{url}/auth/token", timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def start_airflow(config: AirflowConfig, python: Path, seconds: float = 90) -> Airflow:
    """Make the database if need be, start the processes, return when all are healthy.

    Raises ServerDied with the end of the log of whichever part did not come up.
    """
    for folder in (config.home, config.dags, config.worker_dags):
        folder.mkdir(parents=True, exist_ok=True)
    logs = config.home / "logs" / "processes"
    _migrate(config, python, logs / "migrate.log")
    processes: list[Process] = []
    try:
        for name, arguments, dags in _parts(config):
            env = _environment(config, python, dags) | PLUGINS.get(name, {})
            command = Command((str(python), "-m", "airflow", *arguments), env)
            processes.append(start(f"airflow {name}", command, logs / f"{name}.log"))
        wait_for(processes[0], lambda: _healthy(config), seconds)
        _all_alive(processes)
    except BaseException:
        stop_all(processes)
        raise
    return Airflow(config, python, logs, tuple(processes))


def _parts(config: AirflowConfig) -> list[tuple[str, tuple[str, ...], Path]]:
    parts = [
        ("api-server", ("api-server", "--workers", "1"), config.worker_dags),
        # Without --skip-serve-logs these two listen on all interfaces.
        ("scheduler", ("scheduler", "--skip-serve-logs"), config.worker_dags),
        ("triggerer", ("triggerer", "--skip-serve-logs"), config.worker_dags),
        ("dag-processor", ("dag-processor",), config.dags),
    ]
    return [part for part in parts if config.triggerer or part[0] != "triggerer"]


def _environment(config: AirflowConfig, python: Path, dags: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1", **variables(config, dags)}


def _migrate(config: AirflowConfig, python: Path, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        done = subprocess.run(
            [str(python), "-m", "airflow", "db", "migrate"],
            env=_environment(config, python, config.worker_dags),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise ServerDied("airflow db migrate", log, f"ended with code {done.returncode}")


def _healthy(config: AirflowConfig) -> bool:
    health = f"{config.url}/api/v2/monitor/health"
    if not answers(health):
        return False
    with urllib.request.urlopen(health, timeout=10) as answer:
        report = json.load(answer)
    parts = ["metadatabase", "scheduler", "dag_processor", *(["triggerer"] if config.triggerer else [])]
    return all(report[part]["status"] == "healthy" for part in parts)


def _all_alive(processes: list[Process]) -> None:
    for process in processes:
        if not process.alive():
            raise ServerDied(process.name, process.log, f"ended with code {process.leash.returncode}")
