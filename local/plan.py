"""What is settled before the first server of a stack starts: ports, folders, each Airflow's configuration.

Called by `local.stack`; read by `local.assembly` and `local.deployment`. Starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.airflow_settings import AirflowConfig
from local.options import StackOptions
from local.postgres import SUPERUSER
from local.processes import free_ports

REPO = "environments.git"


@dataclass(frozen=True)
class Pythons:
    """Interpreters of the environments that are not the project's own."""

    airflow: Path
    ministack: Path
    functions: Path
    warehouse: Path = Path()


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before the first server starts. `ports`: part -> port on loopback."""

    home: Path
    options: StackOptions
    pythons: Pythons
    ports: Mapping[str, int]
    airflows: Mapping[str, AirflowConfig]

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def git_url(self) -> str:
        return f"{self.url('git')}/{REPO}"

    @property
    def postgres_url(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.ports['postgres']}/postgres"


def settle(home: Path, options: StackOptions, pythons: Pythons) -> Plan:
    """Choose ports and folders."""
    names = list(options.environments) if options.airflow else []
    parts = ["aws", "git", "lambda", "mwaa", "postgres", "warehouse"]
    ports = dict(
        zip(
            [*parts, *(f"airflow-{name}" for name in names)], free_ports(len(parts) + len(names)), strict=True
        )
    )
    place = f"{SUPERUSER}@127.0.0.1:{ports['postgres']}"
    places = {
        "{postgres}": place,
        **{f"{{{part}}}": f"127.0.0.1:{ports[part]}" for part in ("aws", "warehouse")},
    }
    extra = {name: _replaced(value, places) for name, value in options.airflow_env.items()}
    airflows = {
        name: _airflow_config(home / "airflow" / name, ports[f"airflow-{name}"], options, extra)
        for name in names
    }
    return Plan(home, options, pythons, ports, airflows)


def _replaced(value: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        value = value.replace(name, place)
    return value


def _airflow_config(home: Path, port: int, options: StackOptions, extra: dict[str, str]) -> AirflowConfig:
    return AirflowConfig(
        home=home,
        port=port,
        dags=home / "dags",
        worker_dags=home / ("worker-dags" if options.sync.skew else "dags"),
        refresh_interval=options.refresh_interval,
        parse_interval=options.parse_interval,
        extra=extra,
    )
