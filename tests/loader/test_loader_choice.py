"""Which release the loader chooses, for whom, at which moment, and what it waits for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.build.loader import _reconciler_loader_v1 as loader
from reconciler.core import pinning
from reconciler.core.identity import sha256
from reconciler.model.plan import HistoryEntry
from tests.loader.dag_folder import DagFolder

FILES = {"dags/films.py": b""}
NOW = datetime.now(UTC)


@dataclass
class DagRun:
    start_date: datetime | None


@dataclass
class StartupDetails:
    """What a task's process of Airflow has in a frame: only its name and shape matter."""

    start: datetime | None

    @property
    def ti(self) -> Any:
        return SimpleNamespace(task_id="second")

    @property
    def ti_context(self) -> Any:
        return SimpleNamespace(dag_run=DagRun(self.start))


class Container:
    """A container: what it loads when it parses, and when it executes a task of a run."""

    def __init__(self, folder: DagFolder, names: Sequence[str], absent: Sequence[str] = ()) -> None:
        self.folder = folder
        self.ids = {
            name: folder.release({**FILES, "name": name.encode()}, arrived=name not in absent)
            for name in names
        }

    def entry(self, name: str, minutes: float) -> loader.Entry:
        release, since = self.ids[name], NOW + timedelta(minutes=minutes)
        return (release, sha256(self.folder.archive(release)), "dags/films.py", since.isoformat())

    def parse(self, *history: tuple[str, float]) -> str:
        """The name of the release that is used; of a stand-in its problem."""
        entries = [self.entry(*said) for said in history]
        dag = loader.load("films", entries)["films"]
        (tag,) = dag.tags
        return {f"release:{release}": name for name, release in self.ids.items()}.get(tag, tag)

    def execute(self, start: float | None, *history: tuple[str, float]) -> str:
        """The same in a process that executes a task of a run which started then, in minutes from now."""
        what = StartupDetails(None if start is None else NOW + timedelta(minutes=start))
        assert what is not None
        return self.parse(*history)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which it would have slept, in order."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


@pytest.fixture(autouse=True)
def _as_if_in_airflow(folder: DagFolder, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader as if it lay in the test's DAG folder; what Airflow would make of a file stays empty."""

    def dag_of(dag_id: str, file: str, release: str, root: Any) -> Any:
        return SimpleNamespace(tags=set(), template_searchpath=None)

    def failing(dag_id: str, task_id: str, problem: str) -> Any:
        return SimpleNamespace(tags={f"{task_id}: {problem}"})

    monkeypatch.setattr(loader, "HERE", folder.root)
    monkeypatch.setattr(loader, "WAIT_SECONDS", 0)
    monkeypatch.setattr(loader, "_dag_of", dag_of)
    monkeypatch.setattr(loader, "_failing", failing)
    monkeypatch.setenv("RECONCILER_RELEASE_CACHE", str(folder.cache))


OLD, NEW = ("old", -60.0), ("new", -1.0)


def test_a_task_uses_what_was_due_when_its_run_started(folder: DagFolder) -> None:
    container = Container(folder, ["old", "new"])
    assert container.execute(-2, NEW, OLD) == "old"
    assert container.execute(-0.5, NEW, OLD) == "new"
    assert container.execute(-1, NEW, OLD) == "new"
    assert container.parse(NEW, OLD) == "new"


def test_a_run_from_before_all_history_uses_the_oldest(folder: DagFolder) -> None:
    container = Container(folder, ["old", "new"])
    assert container.execute(-100, NEW, OLD) == "old"


@pytest.mark.parametrize(("start", "absent", "other"), [(-2, "old", "new"), (0, "new", "old")])
def test_only_parsing_falls_back(start: float, absent: str, other: str, folder: DagFolder) -> None:
    container = Container(folder, ["old", "new"], absent=[absent])
    said = container.execute(start, NEW, OLD)
    assert said.startswith("second: This container has no whole copy of ")
    assert f"_releases/{container.ids[absent]}.tar.gz in" in said
    assert container.ids[other] not in said
    if absent == "new":
        assert container.parse(NEW, OLD) == "old"


def test_a_task_waits_for_its_release(folder: DagFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    container = Container(folder, ["old", "new"], absent=["old"])
    monkeypatch.setattr(loader, "WAIT_SECONDS", 60)
    monkeypatch.setattr(time, "sleep", lambda seconds: folder.put(container.ids["old"]))
    assert container.execute(-2, NEW, OLD) == "old"


def test_a_task_whose_runs_start_is_unknown_uses_the_newest_and_nothing_else(folder: DagFolder) -> None:
    container = Container(folder, ["old", "new"], absent=["new"])
    assert "no whole copy" in container.execute(None, NEW, OLD)
    folder.put(container.ids["new"])
    assert container.execute(None, NEW, OLD) == "new"
    assert container.execute(None, ("new", 60), OLD) == "old"


def test_parsing_waits_for_what_is_due_in_a_moment(folder: DagFolder, slept: list[float]) -> None:
    container = Container(folder, ["old", "new"])
    soon = (datetime.now(UTC) - NOW + timedelta(seconds=2.5)) / timedelta(minutes=1)
    assert container.parse(("new", soon), OLD) == "new"
    (seconds,) = slept
    assert 0 < seconds <= 2.5


def test_parsing_does_not_wait_for_long_and_a_task_not_at_all(folder: DagFolder, slept: list[float]) -> None:
    container = Container(folder, ["old", "new", "newer"])
    assert container.parse(("newer", 60), NEW, OLD) == "new"
    soon = (datetime.now(UTC) - NOW + timedelta(seconds=2.5)) / timedelta(minutes=1)
    assert container.execute(0, ("newer", soon), NEW, OLD) == "new"
    assert container.execute(None, ("newer", soon), NEW, OLD) == "new"
    assert slept == []


def test_the_log_says_which_release_and_for_a_task_the_runs_start(
    folder: DagFolder, caplog: pytest.LogCaptureFixture
) -> None:
    container = Container(folder, ["old", "new"])
    with caplog.at_level("INFO", loader.log.name):
        container.parse(NEW, OLD)
        container.execute(-2, NEW, OLD)
    parsed, executed = (record.getMessage() for record in caplog.records)
    start = (NOW - timedelta(minutes=2)).isoformat()
    assert parsed == f"DAG films is loaded from release {container.ids['new']}."
    assert executed == (
        f"DAG films is loaded from release {container.ids['old']}, due when its run started ({start})."
    )


@given(st.lists(st.integers(-5, 5), min_size=1, unique=True), st.integers(-6, 6))
def test_the_planner_and_the_loader_agree(minutes: list[int], moment: int) -> None:
    times = [NOW + timedelta(minutes=number) for number in sorted(minutes, reverse=True)]
    when = NOW + timedelta(minutes=moment)
    digest = "0" * 64
    history = [
        HistoryEntry(release=f"{n:016x}", archive_sha256=digest, file="dags/x.py", since=since)
        for n, since in enumerate(times)
    ]
    entries = [(e.release, e.archive_sha256, e.file, e.since.isoformat()) for e in history]
    chosen = (loader._due(entries, when) or entries[-1:])[0]
    assert chosen[0] == pinning.due(history, when).release


def test_a_new_dag_is_parsed_only_once_it_is_due_and_a_task_finds_it_before(folder: DagFolder) -> None:
    container = Container(folder, ["new"])
    entries = [container.entry("new", 600)]
    assert loader.load("films", entries) == {}
    assert container.execute(0, ("new", 600)) == "new"
