"""What it is compared with: `aws s3 sync --delete` of the same DAG files to a bucket that feeds an Airflow.

The command is the real one (awscli 1 from PyPI, in an environment of its own), the bucket, the copying into
the folder and Airflow's settings are those of our side.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks import waiting
from benchmarks.airflow_view import AirflowView
from benchmarks.timing import Timing
from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.aws import client, variables
from local.dag_generator import generate_versioned
from local.dag_sync import Container
from local.environments import bare_airflow_python, ensure
from local.options import ROOT
from local.processes import Command, free_port, start
from local.stack_info import StackInfo

AWSCLI = "awscli"
BUCKET = "bench-s3-sync"


@dataclass
class S3Sync:
    """A tree of files, the bucket they are synced to, and the folder (and Airflow) that the bucket feeds.

    `airflow_url` and `airflow_home` are empty where there is no Airflow.
    """

    info: StackInfo
    tree: Path
    folder: Path
    dags: int
    timing: Timing
    airflow_url: str = ""
    airflow_home: str = ""
    ids: list[str] = field(default_factory=list)

    @cached_property
    def view(self) -> AirflowView:
        """Its Airflow."""
        return AirflowView(self.airflow_url)

    def write(self, version: str, *, new_name: bool = False) -> None:
        """Check a version out, so to say: every DAG and the library differ. Takes no part in the time."""
        self.ids = generate_versioned(self.tree, self.dags, version, new_name=new_name)
        # As a careful person has it: the library is not looked through for DAGs.
        (self.tree / ".airflowignore").write_text("lib/\n")

    def sync(self) -> float:
        """Run the command; when it was begun (Unix). Raises CalledProcessError."""
        began = time.time()
        subprocess.run(
            [
                str(ensure(AWSCLI).parent / "aws"), "s3", "sync", "--delete", "--only-show-errors",
                str(self.tree), f"s3://{BUCKET}/dags/",
            ],
            env=self._environment(), stdin=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        return began

    def deploy(self, version: str, *, new_name: bool = False) -> tuple[float, float]:
        """Sync a version and wait until Airflow runs it; when it was begun and live (Unix)."""
        self.write(version, new_name=new_name)
        began = self.sync()
        return began, waiting.moment(lambda: self.runs(version), self.timing.limit, f"Airflow runs {version}")

    def runs(self, version: str) -> bool:
        """Does Airflow run this version of every DAG, unmixed?"""
        seen = self.view.dags(self.dags)
        return [dag.state({}) for dag in seen.values()] == [version] * self.dags

    def arrived(self, version: str) -> bool:
        """Has the folder this version of every file?"""
        # The last that is copied first: mostly that one is enough to know.
        names = ["lib/generated.py", *(f"{dag_id}.py" for dag_id in reversed(self.ids))]
        files = [self.folder / name for name in names]
        return all(file.exists() and f'"{version}"' in file.read_text() for file in files)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        endpoint = self.info.aws_endpoint
        return {**kept, **variables(endpoint, endpoint), "AWS_CONFIG_FILE": os.devnull}


@contextmanager
def s3_synced(
    folder: Path, info: StackInfo, dags: int, timing: Timing, say: Callable[[str], None]
) -> Iterator[S3Sync]:
    """The bucket and a second real Airflow, set as the first, for as long as the context lasts."""
    home = folder / "s3-sync" / "airflow"
    dags_folder = home / "dags"
    worker_dags = home / ("worker-dags" if timing.sync.skew else "dags")
    config = AirflowConfig(home, free_port(), dags_folder, worker_dags, timing.parse_interval)
    with ExitStack() as ending:
        synced = ending.enter_context(copied(folder, info, dags, timing, dags_folder))
        began = time.monotonic()
        airflow = start_airflow(config, bare_airflow_python(say))
        ending.callback(airflow.stop)
        say(f"Airflow of s3 sync: ready after {time.monotonic() - began:.1f} s")
        synced.airflow_url, synced.airflow_home = airflow.url, str(home)
        yield synced


@contextmanager
def copied(folder: Path, info: StackInfo, dags: int, timing: Timing, to: Path) -> Iterator[S3Sync]:
    """The bucket, and what copies it to the folder `to`; no Airflow."""
    ensure(AWSCLI)
    client("s3", info.aws_endpoint).create_bucket(Bucket=BUCKET)
    container = Container(to, timing.sync.interval, 0)
    arguments = ("-m", "local.dag_sync", info.aws_endpoint, BUCKET, container.argument())
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "PATH") if name in os.environ}
    command = Command((sys.executable, *arguments), {**kept, "PYTHONUNBUFFERED": "1"}, cwd=ROOT)
    process = start("dag sync of s3 sync", command, folder / "s3-sync" / "dag-sync.log")
    try:
        yield S3Sync(info, folder / "s3-sync" / "tree", to, dags, timing)
    finally:
        process.stop()
