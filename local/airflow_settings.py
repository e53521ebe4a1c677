"""The settings of a fast local Airflow 3, as environment variables. Pure: values in, values out.

Called by `local.airflow`. The intervals are shorter than MWAA's so that a person sees an edit in a second;
nothing else differs from a stock installation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

PARALLELISM = 4


@dataclass(frozen=True)
class AirflowConfig:
    """What one Airflow is given. `dags` is what the dag-processor reads, `worker_dags` what tasks run from.

    New files are looked for every `refresh_interval` seconds, and each file is parsed every `parse_interval`:
    5 for 25 files, 10 for 80. Only deferrable tasks need a `triggerer`.
    `extra` holds further variables, for example AIRFLOW_CONN_*.
    """

    home: Path
    port: int
    dags: Path
    worker_dags: Path
    refresh_interval: int = 1
    parse_interval: int = 5
    triggerer: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def variables(config: AirflowConfig, dags: Path) -> dict[str, str]:
    """AIRFLOW__* variables for one process that sees the DAG folder `dags`."""
    sections = {
        "core": _core(config, dags),
        "database": {
            "sql_alchemy_conn": f"sqlite:///{config.home}/airflow.db",
            "load_default_connections": "False",
        },
        "api": {
            "host": "127.0.0.1",
            "port": str(config.port),
            "workers": "1",
            # With the slash: Airflow makes the addresses of logs by adding to it.
            "base_url": f"{config.url}/",
            "secret_key": "local-airflow-secret-key",
            "expose_config": "True",
        },
        # Fixed, so that the processes agree; at least 64 characters or Airflow warns. Loopback only.
        "api_auth": {"jwt_secret": "local-airflow-jwt-secret-" + "0123456789abcdef" * 4},
        "dag_processor": {
            "refresh_interval": str(config.refresh_interval),
            "bundle_refresh_check_interval": "1",
            "min_file_process_interval": str(config.parse_interval),
            "parsing_processes": "2",
            "stale_dag_threshold": "5",
        },
        "scheduler": {
            "parsing_cleanup_interval": "5",
            "scheduler_idle_sleep_time": "0.5",
            "scheduler_heartbeat_sec": "1",
            "enable_health_check": "False",
        },
        "usage_data_collection": {"enabled": "False"},
    }
    named = {
        f"AIRFLOW__{section}__{key}".upper(): value
        for section, keys in sections.items()
        for key, value in keys.items()
    }
    # A container of its own for each DAG folder: what the dag-processor has unpacked, a worker has not.
    cache = config.home / "release-cache" / dags.name
    named |= {"AIRFLOW_HOME": str(config.home), "RECONCILER_RELEASE_CACHE": str(cache)}
    return {**named, "DO_NOT_TRACK": "true", **config.extra}


def _core(config: AirflowConfig, dags: Path) -> dict[str, str]:
    return {
        "dags_folder": str(dags),
        "load_examples": "False",
        "executor": "LocalExecutor",
        "parallelism": str(PARALLELISM),
        "fernet_key": "",
        "simple_auth_manager_all_admins": "True",
        "execution_api_server_url": f"{config.url}/execution/",
        # At the default 30 s an edit shortly after another can fail a run.
        "min_serialized_dag_update_interval": "0",
        "min_serialized_dag_fetch_interval": "0",
    }
