"""The platform's own DAGs, and those with 55 more of the factory: parsing them, and deploying a change."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import timing
from benchmarks.cloud import Cloud, cloud
from benchmarks.loader import PLAIN, probing
from benchmarks.options import Options
from benchmarks.processor_load import processor_load
from benchmarks.reconciled import empty
from benchmarks.repos import SECONDS, Code
from benchmarks.result import Cell, Result, Samples, Table
from local.config_generator import generate_configs
from local.demo.commands import CommandLine
from local.git_repos import git
from local.options import ROOT
from local.stack_info import StackInfo

GROWTH = (0, 55)
INTERVAL = 30
"""Seconds between two parses of a file, on MWAA."""
_IGNORED = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")
ONE, FACTORY = "dags/config/ingest_pg_loans.yml", "dags/lib/factory/shape.py"


@dataclass
class Measured:
    """Of one size. `flipped`: how many DAGs a change of one configuration, and of the factory, touched."""

    dags: int
    folder: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    published: list[float] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {ONE: [], FACTORY: []})
    flipped: dict[str, int] = field(default_factory=dict)


def run(options: Options) -> Result:
    """Both sizes, one after the other."""
    found = [_at(options, more) for more in GROWTH]
    columns = ("", *(f"{one.dags} DAGs" for one in found))
    rows = [(title, *map(cell, found)) for title, cell in _ROWS]
    parameters = {"generated": GROWTH[-1], "seed": 1, "repetitions": options.times(3, 10)}
    return Result((Table(columns, tuple(rows)),), parameters, _NOTES)


_ROWS: tuple[tuple[str, Callable[[Measured], Cell]], ...] = (
    ("the whole folder, parsed in one process", lambda one: Samples("s", tuple(one.folder))),
    ("a file, parsed in a process forked for it", lambda one: Samples("ms", tuple(one.files))),
    (f"dag-processor, a parse each {INTERVAL} s: of a core", lambda one: Samples("%", tuple(one.load))),
    ("`build`, `publish`, seal", lambda one: Samples("s", tuple(one.published))),
    ("a configuration is changed: DAGs touched", lambda one: one.flipped[ONE]),
    ("... `git push` → in the container and due", lambda one: Samples("s", tuple(one.seconds[ONE]))),
    ("the factory is changed: DAGs touched", lambda one: one.flipped[FACTORY]),
    ("... `git push` → in the container and due", lambda one: Samples("s", tuple(one.seconds[FACTORY]))),
)
_NOTES = (
    "A configuration's change touches its DAG, and the monitor that watches what it promises.",
    "The dag-processor is Airflow's own, with its database, after it has met every file.",
)


def _at(options: Options, more: int) -> Measured:
    folder = options.folder / str(more)
    empty(folder)
    ids = write(folder / PLAIN, more)
    measured = Measured(len(ids))
    options.say(f"{len(ids)} DAGs: parsing")
    with probing(folder, PLAIN) as probe:
        probe.parse_all(ids)
        for _ in range(options.times(3, 10)):
            measured.folder.append(probe.parse_all(ids)["seconds"])
        measured.files += [1000 * probe.parse(one)["seconds"] for one in ids]
    options.say(f"{len(ids)} DAGs: the dag-processor")
    measured.load += processor_load(folder, PLAIN, len(ids), INTERVAL, options.times(2, 5))
    _deploy(options, folder, more, measured)
    return measured


def write(folder: Path, more: int) -> list[str]:
    """This checkout's DAGs, and more; beside them its dbt project. Their ids."""
    shutil.copytree(ROOT / "dags", folder, ignore=_IGNORED)
    shutil.copytree(ROOT / "dbt", folder.parent / "dbt", ignore=_IGNORED)
    generate_configs(folder, more)
    return sorted(path.stem for path in folder.glob("*.py"))


def _create(folder: Path, info: StackInfo, more: int) -> Code:
    ids = write(folder / "dags", more)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return Code(folder, CommandLine(info, folder, SECONDS), len(ids))


def _deploy(options: Options, folder: Path, more: int, measured: Measured) -> None:
    how = timing.local(measured.dags)
    with cloud(folder / "cloud", more, how, options.say, _create) as side:
        options.say(f"the first deployment of {measured.dags} DAGs")
        side.code.publish_as_it_is("1.0.0")
        side.deploy("1.0.0")
        for number in range(options.times(1, 3)):
            for place, path in enumerate((ONE, FACTORY)):
                _change(side, path, f"1.{2 * number + place + 1}.0", measured)


def _change(side: Cloud, path: str, version: str, measured: Measured) -> None:
    with (side.code.folder / path).open("a") as file:
        file.write(f"# {version}\n")
    release, seconds = side.code.publish_as_it_is(version)
    measured.published.append(seconds)
    pushed, _ = side.deploy(version)
    measured.seconds[path].append(max(side.due_at(), time.time()) - pushed)
    touched = [dag for dag in side.state.live.values() if dag.pointer.history[0].release == release]
    measured.flipped[path] = len(touched)
