"""One DAG of a scenario: its releases, its flips, and what its tasks say about the release they run."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any

from tests.loader.containers import Containers, until
from tests.loader.dag_folder import PAST

# Each task says which release's library it found when the file was parsed, and which when it ran.
SOURCE = """
import json, time
from datetime import datetime, timedelta
from pathlib import Path
from airflow.sdk import DAG, BaseOperator, task
from airflow.providers.standard.triggers.file import FileTrigger
from lib_{dag_id}.parsed import COUNT, TEXT as parsed

HOME = Path({home!r})

def say(context, who):
    from lib_{dag_id}.running import TEXT as running
    run = context["run_id"]
    with (HOME / "said").open("a") as out:
        out.write(json.dumps([run, who, parsed if parsed == running else [parsed, running]]) + "\\n")

def hold():
    while not (HOME / "opened").exists():
        time.sleep(0.2)

{top}

with DAG({dag_id!r}, catchup=False, start_date=datetime(2026, 1, 1), {options}):
{body}
"""
# What most scenarios need: a task that stays in flight, and one after it.
HELD = """
@task
def first(**context):
    say(context, "first")
    hold()

@task
def second(**context):
    say(context, "second")

first() >> second()
"""
# How far ahead of a flip's `since` its pointers are written, and how far apart the folders get them.
AHEAD, SKEW = timedelta(seconds=3), 0.7
Said = tuple[str, str]


@dataclass
class PlayedDag:
    """A DAG with the body given; ``home`` is a folder of its own."""

    containers: Containers
    dag_id: str
    home: Path
    body: str = HELD
    options: str = "schedule=None"
    top: str = ""
    _history: list[tuple[str, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "said").touch()

    def release(self, text: str, count: int = 1, *, at_workers: bool = True) -> str:
        """A release whose tasks say ``text``; its id. In both folders, or in the dag-processor's alone."""
        body = indent(self.body, "    ")
        source = SOURCE.format(
            dag_id=self.dag_id, home=str(self.home), top=self.top, options=self.options, body=body
        )
        files = {
            f"dags/{self.dag_id}.py": source,
            f"dags/lib_{self.dag_id}/parsed.py": f"TEXT, COUNT = {text!r}, {count}\n",
            f"dags/lib_{self.dag_id}/running.py": f"TEXT = {text!r}\n",
        }
        encoded = {path: content.encode() for path, content in files.items()}
        self.containers.workers.release(encoded, arrived=at_workers)
        return self.containers.processor.release(encoded)

    def begin(self, release: str) -> None:
        """Let the DAG appear, un-paused, on its first release."""
        self._history = [(release, PAST)]
        self._write("workers", "processor")
        self.parsed(release)
        self.containers.pause(self.dag_id, False)

    def flip(self, release: str, *, last: str = "processor", instead_of: str | None = None) -> None:
        """Flip to a release as the reconciler does; the ``last`` folder gets the pointer later.

        A rollback puts it ``instead_of`` the bad one in all the history.
        Returns once the release is due everywhere; the dag-processor may not have parsed it yet.
        """
        since = datetime.now(UTC) + AHEAD
        past = [(release if one == instead_of else one, when) for one, when in self._history]
        self._history = [(release, since), *past]
        folders = sorted(("workers", "processor"), key=lambda folder: folder == last)
        self._write(folders[0])
        time.sleep(SKEW)
        self._write(folders[1])
        until(lambda: datetime.now(UTC) > since, f"{since} has passed")

    def flip_workers_alone(self, release: str) -> None:
        """Flip in the tasks' folder; the dag-processor's gets its pointer with `catch_up` only."""
        since = datetime.now(UTC) + AHEAD
        self._history.insert(0, (release, since))
        self._write("workers")
        until(lambda: datetime.now(UTC) > since, f"{since} has passed")

    def catch_up(self) -> None:
        """Let the dag-processor's folder get the pointer that the tasks' has."""
        self._write("processor")

    def _write(self, *folders: str) -> None:
        releases, times = zip(*self._history, strict=True)
        for folder in folders:
            target = getattr(self.containers, folder)
            target.point(self.dag_id, *releases, since=times)

    def parsed(self, release: str) -> None:
        """Wait until Airflow shows the DAG on a release, and its scheduler has told the runs in flight."""
        wanted = {f"release:{release}"}
        until(lambda: self.containers.tags(self.dag_id) == wanted, f"{self.dag_id} is parsed as {release}")
        until(lambda: self.containers.adopted(self.dag_id), f"runs of {self.dag_id} have its new version")

    def start(self) -> str:
        """Trigger a run; its id."""
        return self.containers.trigger(self.dag_id)

    def run(self, run: str) -> dict[str, Any]:
        """What Airflow says of a run."""
        return self.containers.run(self.dag_id, run)

    def open(self) -> None:
        """Let the tasks that hold go on."""
        (self.home / "opened").touch()

    def said(self, run: str) -> list[Said]:
        """(who, release) in the order in which it was said in a run."""
        return [(who, release) for of, who, release in self.everything_said() if of == run]

    def everything_said(self) -> list[tuple[str, str, str]]:
        """(run, who, release) in the order in which it was said."""
        lines = (self.home / "said").read_text().splitlines()
        return [(run, who, release) for run, who, release in map(json.loads, lines)]

    def counted(self, run: str) -> dict[Said, int]:
        """How often each was said in a run."""
        return dict(Counter(self.said(run)))

    def wait_said(self, run: str, who: str, times: int = 1) -> None:
        """Wait until it was said so often in a run."""
        until(lambda: [w for w, _ in self.said(run)].count(who) >= times, f"{self.dag_id}: {who} in {run}")

    def wait_state(self, run: str, state: str = "success") -> None:
        """Wait until a run is in a state; fails at once where it ends in another."""

        def reached() -> bool:
            found = self.run(run)["state"]
            assert found in (state, "queued", "running"), f"{self.dag_id}: {run} is {found}: {self.said(run)}"
            return bool(found == state)

        until(reached, f"{self.dag_id}: {run} is {state}")
