"""The code repo of a race: its DAGs' files, and a developer who publishes version after version."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.demo.commands import CommandLine
from local.git_repos import git
from tests.race_real.plan import MINUTE, DagSpec, Version

SECONDS = 300.0
"""How long a version may take to be built and sealed on a busy machine."""

DAG = '''\
"""Airflow DAG {dag_id} of the race: each task writes down which release it runs."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from airflow.sdk import dag, task
from lib import recorder
from lib.{dag_id}_early import MARK as EARLY

MARK = "{mark}"


@task(retries=6, retry_delay=timedelta(seconds=1))
def step(seconds: float) -> dict[str, str]:
    seen = {{"dag": MARK, "early": EARLY, "file": __file__}}
    recorder.write("begin", seen)
    time.sleep(seconds)
    from lib.{dag_id}_late import MARK as LATE

    seen = {{**seen, "late": LATE}}
    recorder.write("end", seen)
    return seen


@dag(
    dag_id="{dag_id}",
    schedule={schedule!r},
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
)
def race() -> None:
    before = None
    for name, seconds in {tasks!r}:
        here = step.override(task_id=name)(seconds)
        if before is not None:
            before >> here
        before = here


race()
'''

RECORDER = '''\
"""Appends what a task saw to the file that RACE_RECORDS names: one line, one write."""

from __future__ import annotations

import json
import os
import time
from typing import Mapping

from airflow.sdk import get_current_context


def write(moment: str, seen: Mapping[str, str]) -> None:
    context = get_current_context()
    ti, run = context["ti"], context["dag_run"]
    said = {
        "moment": moment,
        "at": time.time(),
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "try": ti.try_number,
        "start": run.start_date.timestamp(),
        **seen,
    }
    descriptor = os.open(os.environ["RACE_RECORDS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (json.dumps(said) + "\\n").encode())
    finally:
        os.close(descriptor)
'''


def files(version: Version) -> dict[str, str]:
    """All files of a version, by path in the code repo."""
    found = {"dags/lib/__init__.py": "", "dags/lib/recorder.py": RECORDER}
    for dag_id, spec in version.dags.items():
        found[f"dags/{dag_id}.py"] = _dag(dag_id, spec)
        for when in ("early", "late"):
            text = f'"""The library that {dag_id} imports {when}."""\n\nMARK = "{spec.mark}"\n'
            found[f"dags/lib/{dag_id}_{when}.py"] = text
    return found


def _dag(dag_id: str, spec: DagSpec) -> str:
    schedule = "* * * * *" if dag_id == MINUTE else None
    # Different from each other, so that runs of different DAGs do not march in step.
    tasks = [(name, 0.5 + (len(dag_id) * 7 + place * 5) % 4 * 0.5) for place, name in enumerate(spec.tasks)]
    return DAG.format(dag_id=dag_id, mark=spec.mark, schedule=schedule, tasks=tasks)


@dataclass
class CodeRepo:
    """A Git repository on disk; versions are published from it one after the other."""

    folder: Path
    cli: CommandLine
    releases: dict[str, str] = field(default_factory=dict)
    _done: threading.Condition = field(default_factory=threading.Condition)
    _failed: BaseException | None = None

    @staticmethod
    def create(folder: Path, cli: CommandLine) -> CodeRepo:
        """Make it, with a dbt project that never changes."""
        (folder / "dbt").mkdir(parents=True)
        (folder / "dbt" / "dbt_project.yml").write_text("name: race\n")
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Begin")
        cli.run("build", "dbt", "--version", "1.0.0").expect()
        cli.run("publish", "dbt", "--version", "1.0.0", "--no-seal").expect()
        return CodeRepo(folder, cli)

    def publish(self, version: Version, *components: str) -> None:
        """Build, publish and seal a version as a person does; its release is known from then on."""
        self._write(files(version))
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", f"Version {version.name}")
        self.cli.run("build", *components, "--version", version.name).expect()
        said = self.cli.run("publish", *components, "--version", version.name, "--output", "json").expect()
        with self._done:
            self.releases[version.name] = json.loads(said.stdout)["sealed"][0]["release"]
            self._done.notify_all()

    def publish_all(self, versions: Iterable[Version], stop: threading.Event) -> None:
        """Publish what is not published yet, until told to stop. Whoever waits is told of a failure."""
        try:
            for version in versions:
                if stop.is_set():
                    return
                if version.name not in self.releases:
                    self.publish(version, "dags", "libs")
        except BaseException as error:
            with self._done:
                self._failed = error
                self._done.notify_all()
            raise

    def release(self, version: Version) -> str:
        """The release of a version, once it is sealed."""
        with self._done:
            there = self._done.wait_for(lambda: self._failed or version.name in self.releases, SECONDS)
            if self._failed is not None:
                raise RuntimeError(f"publishing failed before {version.name}") from self._failed
            assert there, f"version {version.name} was not published within {SECONDS} s"
            return self.releases[version.name]

    def _write(self, wanted: Mapping[str, str]) -> None:
        for path, text in wanted.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
