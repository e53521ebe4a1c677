"""What a pointer and its loader add to the parsing of a DAG, by the number of files in its release."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from benchmarks.options import Options
from benchmarks.reconciled import empty
from benchmarks.result import Cell, Result, Samples, Table
from local.dag_generator import generate_versioned
from local.environments import airflow_python
from local.errors import LocalError
from reconciler.build.archive import pack
from reconciler.build.loader import loader_files
from reconciler.core.identity import sha256
from reconciler.core.pointer_file import pointer_key, release_key, render
from reconciler.model.plan import DagPointer, HistoryEntry

SDK, PROVIDER = "from airflow.sdk import dag, task\n", "airflow.providers.postgres.hooks.postgres"
CASES = (("25", 25, ""), ("80", 80, ""), ("1,000", 1000, ""), ("25, importing a provider", 25, PROVIDER))
PAST = datetime(2026, 1, 1, tzinfo=UTC)
PROBE = Path(__file__).with_name("parse_probe.py")
PLAIN, POINTERS = "plain", "pointers"


def run(options: Options) -> Result:
    """Milliseconds of one file in Airflow's DagBag, in a process forked for it, as the dag-processor does."""
    times = options.times(20, 200)
    rows = tuple((title, *_case(options, dags, imported, times)) for title, dags, imported in CASES)
    columns = ("DAGs in the release", "plain file", "pointer", "added", "added, of work", "empty cache")
    notes = (
        "*Added*: pointer less plain file, parsed in turns; *of work*: processor time, which other processes "
        "on the machine disturb less.",
        "The cache is empty once per container and release: whatever is parsed first unpacks it for all.",
    )
    return Result((Table(columns, rows),), {"parses each": times}, notes)


def _case(options: Options, dags: int, imported: str, times: int) -> Sequence[Cell]:
    folder = options.folder / f"{dags}{'-provider' if imported else ''}"
    empty(folder)
    names = write(folder, dags, imported)
    plain, warm, cold = [], [], []
    with ExitStack() as ending:
        probe = {kind: ending.enter_context(probing(folder, kind)) for kind in (PLAIN, POINTERS)}
        # The first of each imports what the dag-processor, too, imports once.
        for kind in (PLAIN, POINTERS):
            probe[kind].parse(names[0])
        for number in range(times):
            name = names[number % dags]
            shutil.rmtree(folder / "cache")
            cold.append(probe[POINTERS].parse(name))
            plain.append(probe[PLAIN].parse(name))
            warm.append(probe[POINTERS].parse(name))
    options.say(f"{folder.name}: plain {_ms(plain, 'seconds')}, pointer {_ms(warm, 'seconds')}")
    added = [_added(warm, plain, what) for what in ("seconds", "work")]
    return _ms(plain, "seconds"), _ms(warm, "seconds"), *added, _ms(cold, "seconds")


def _ms(parses: list[dict[str, float]], what: str) -> Samples:
    return Samples("ms", tuple(1000 * one[what] for one in parses))


def _added(pointer: list[dict[str, float]], plain: list[dict[str, float]], what: str) -> Samples:
    pairs = zip(pointer, plain, strict=True)
    return Samples("ms", tuple(1000 * (one[what] - other[what]) for one, other in pairs))


def write(folder: Path, dags: int, imported: str = "") -> list[str]:
    """The same DAGs as plain files and as pointers into a release; their ids.

    `imported`: a module that each of them imports at its top.
    """
    plain = folder / PLAIN
    names = generate_versioned(plain, dags, "1.0.0")
    if imported:
        for path in plain.glob("*.py"):
            path.write_text(path.read_text().replace(SDK, f"import {imported}\n{SDK}"))
    files = {f"dags/{path.relative_to(plain)}": path.read_bytes() for path in sorted(plain.rglob("*.py"))}
    archive = pack(files)
    release = sha256(archive)[:16]
    written = {**loader_files(), release_key(release): archive}
    for name in names:
        file = f"dags/{name}.py"
        entry = HistoryEntry(release=release, archive_sha256=sha256(archive), file=file, since=PAST)
        pointer = DagPointer(dag_id=name, history=(entry,))
        written[pointer_key(name)] = render(pointer, files[file].decode())
    for key, body in written.items():
        (folder / POINTERS / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / POINTERS / key).write_bytes(body)
    return names


class Probe:
    """A running `parse_probe.py`."""

    def __init__(self, name: str, to: IO[str], answers: IO[str]) -> None:
        self._name, self._to, self._answers = name, to, answers
        self._read("ready")

    def parse(self, dag_id: str) -> dict[str, float]:
        """What one parse took, in seconds. Raises LocalError if the file is not this one DAG."""
        return self._parse(dag_id, {dag_id})

    def parse_all(self, dag_ids: Iterable[str]) -> dict[str, float]:
        """The same of the whole folder, which has these DAGs."""
        return self._parse(".", set(dag_ids))

    def _parse(self, what: str, dag_ids: set[str]) -> dict[str, float]:
        print(what, file=self._to, flush=True)
        told = json.loads(self._read("parsed"))
        if set(told["dags"]) != dag_ids:
            raise LocalError(f"{self._name}: {what} is not what it should be: {told}", "run the DAGs' tests")
        return {"seconds": told["seconds"], "work": told["work"]}

    def _read(self, word: str) -> str:
        for line in self._answers:  # Airflow may print between them
            if line.startswith(word):
                return line.removeprefix(word)
        raise LocalError(f"the probe of {self._name} ended", "run it by hand: benchmarks/parse_probe.py")


@contextmanager
def probing(folder: Path, kind: str) -> Iterator[Probe]:
    """A probe of the DAG files in a folder's folder `kind`."""
    home = folder / "airflow"
    with subprocess.Popen(
        [str(airflow_python()), "-I", str(PROBE), str(folder / kind)],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "RECONCILER_RELEASE_CACHE": str(folder / "cache"),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        yield Probe(kind, process.stdin, process.stdout)
        process.stdin.close()
