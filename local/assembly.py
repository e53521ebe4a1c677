"""The call that starts each part of a stack. Each returns when its part answers.

Called by `local.stack` alone.
"""

from __future__ import annotations

import json
import os
import sys

from local import aws as emulator
from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.dag_sync import Container
from local.environments import ROOT
from local.git_repos import create, seed
from local.options import Sync
from local.plan import REPO, Plan
from local.postgres import start_postgres
from local.processes import Command, Process, answers, start, wait_for
from local.warehouse import start_warehouse

AIRFLOW_VERSION = "3.0.6"


def airflow(settled: Plan, config: AirflowConfig) -> list[Process]:
    """One Airflow."""
    return list(start_airflow(config, settled.pythons.airflow).processes)


def postgres(settled: Plan) -> list[Process]:
    """PostgreSQL."""
    return [start_postgres(settled.home, settled.ports["postgres"]).process]


def warehouse(settled: Plan) -> list[Process]:
    """Snowflake's protocol on DuckDB."""
    port = settled.ports["warehouse"]
    return [start_warehouse(settled.pythons.warehouse, port, settled.home).process]


def git(settled: Plan) -> list[Process]:
    """The Git server with the environment repo, seeded."""
    repo = create(settled.home / "git", REPO)
    if settled.options.seed:
        seed(repo, settled.options.seed, settled.options.seed_below, settled.options.adapt)
    folders = (str(settled.home / "git"), str(settled.home / "webhooks"))
    return [_module(settled, "git", "local.git_server", folders, f"/{REPO}/HEAD")]


def aws(settled: Plan) -> list[Process]:
    """The AWS emulator."""
    return [emulator.start_aws(settled.pythons.ministack, settled.ports["aws"], settled.home)]


def lambda_host(settled: Plan) -> list[Process]:
    """What runs the functions. Before the deployment: a schedule may fire as soon as it exists."""
    urls = (settled.url("aws"), settled.url("mwaa"))
    folders = (settled.home, settled.options.code, settled.pythons.functions)
    return [_module(settled, "lambda", "local.lambda_host", (*urls, *map(str, folders)), "/")]


def metrics(settled: Plan) -> list[Process]:
    """What brings the functions' metrics to CloudWatch."""
    command = _python("local.metrics", (settled.url("aws"), str(settled.logs / "functions")))
    return [start("metrics", command, settled.logs / "metrics.log")]


def mwaa(settled: Plan) -> list[Process]:
    """MWAA's front over the stack's Airflows."""
    names = {
        settled.options.environments[name].name: {
            "airflow": config.url,
            "bucket": settled.options.environments[name].bucket,
            "version": AIRFLOW_VERSION,
            "options": {
                "dag_processor.refresh_interval": str(config.refresh_interval),
                "dag_processor.min_file_process_interval": str(config.parse_interval),
            },
        }
        for name, config in settled.airflows.items()
    }
    file = settled.home / "mwaa" / "environments.json"
    file.parent.mkdir()
    file.write_text(json.dumps(names))
    return [_module(settled, "mwaa", "local.mwaa_front", (str(file),), "/health")]


def dag_sync(settled: Plan) -> list[Process]:
    """One syncer per environment."""
    started = []
    for name, config in settled.airflows.items():
        copies = [container.argument() for container in containers(config, settled.options.sync)]
        arguments = (settled.url("aws"), settled.options.environments[name].bucket, *copies)
        command = _python("local.dag_sync", arguments)
        started.append(start(f"dag sync {name}", command, settled.logs / f"dag-sync-{name}.log"))
    return started


def containers(config: AirflowConfig, sync: Sync) -> list[Container]:
    """The folders that an Airflow's processes read, each with its clock."""
    processor = Container(config.dags, sync.interval, 0)
    return [processor, Container(config.worker_dags, sync.interval, sync.skew)] if sync.skew else [processor]


def _module(settled: Plan, part: str, module: str, arguments: tuple[str, ...], probe: str) -> Process:
    command = _python(module, (str(settled.ports[part]), *arguments))
    process = start(part, command, settled.logs / f"{part}.log")
    try:
        wait_for(process, lambda: answers(settled.url(part) + probe), 30)
    except BaseException:
        process.stop()
        raise
    return process


def _python(module: str, arguments: tuple[str, ...]) -> Command:
    kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR", "PATH") if key in os.environ}
    return Command((sys.executable, "-m", module, *arguments), {**kept, "PYTHONUNBUFFERED": "1"}, cwd=ROOT)
