"""Parses an unpacked release with the Airflow that runs this script, and prints what it found as JSON.

Run by `clean_parse` as `<Airflow's python> -I parse_release.py <root>`; never imported by the reconciler.
Standard library and Airflow only, Python 3.9 or newer. Needs no database.

Each DAG file is parsed in a forked child of its own: what it opens is seen exactly, and one that exits,
hangs or crashes is named and harms no other. Prints `{"airflow", "python", "dags": {id: {"file", "tags",
"serialized", "reads"}}, "errors": {file: text}, "duplicates": {id: [files]}, "hidden": {path: installed
module}, "seconds"}`; all paths are relative to the root, `serialized` is Airflow's own JSON of the DAG.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import platform
import resource
import select
import signal
import sys
import time
import traceback
from importlib.machinery import BuiltinImporter, PathFinder
from pathlib import Path
from typing import Any, NoReturn

FOLDER = "dags"
MEMORY_BYTES = 4 * 1024**3
# Nothing imports what is installed by these names; packages install them by mistake.
COMMON_FOLDERS = {"test", "tests", "docs", "examples", "scripts"}

Result = dict[str, Any]
"""What one file gives: `{"dags": [[id, tags, JSON], ...], "reads": [path, ...], "error": text or None}`."""


def main() -> None:
    """Parse the release at the given root."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--file-seconds", type=float, default=60.0)
    options = parser.parse_args()
    root, started = options.root.resolve(), time.monotonic()
    # What DAG files print must not mix with the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # With a compiled copy at hand Python would not open the source, and the read would not be seen.
    sys.dont_write_bytecode = True
    report: dict[str, Any] = {"python": platform.python_version(), "hidden": hidden_modules(root)}
    import airflow

    _import_what_files_need()
    report["airflow"] = airflow.__version__
    report.update(merge(run_all(root, dag_files(root), options.file_seconds)))
    report["seconds"] = round(time.monotonic() - started, 3)
    json.dump(report, answer)
    answer.flush()


def hidden_modules(root: Path) -> dict[str, str]:
    """Modules of the release that installed ones clash with: `dags/` comes first on `sys.path`."""
    hidden = {}
    for entry in sorted((root / FOLDER).iterdir()):
        holds_python = entry.suffix == ".py" if entry.is_file() else any(entry.rglob("*.py"))
        if entry.stem in COMMON_FOLDERS or not entry.stem.isidentifier() or not holds_python:
            continue
        spec = BuiltinImporter.find_spec(entry.stem) or PathFinder.find_spec(entry.stem)
        regular = entry.is_file() or (entry / "__init__.py").exists()
        # Two folders without __init__.py are merged by Python and hide nothing.
        if spec is not None and (spec.origin is not None or regular):
            hidden[f"{FOLDER}/{entry.name}"] = spec.origin or entry.stem
    return hidden


def dag_files(root: Path) -> list[str]:
    """The files that Airflow would parse in a plain checkout, without the shared libraries."""
    from airflow.utils.file import find_path_from_directory

    found = map(Path, find_path_from_directory(str(root / FOLDER), ".airflowignore"))
    paths = [path.relative_to(root).as_posix() for path in found if _is_dag_file(path)]
    return sorted(path for path in paths if not path.startswith(f"{FOLDER}/lib/"))


def _is_dag_file(path: Path) -> bool:
    """Not a mere module of a package: there, only files with Airflow's own key words count."""
    if path.suffix != ".py" or not (path.parent / "__init__.py").exists():
        return path.suffix == ".py"
    text = path.read_bytes().lower()
    return b"airflow" in text and (b"dag" in text or b"asset" in text)


def _import_what_files_need() -> None:
    """Import what every child would import again."""
    _dag_bag()
    _serializer()
    for name in ("airflow.sdk", "airflow.providers.standard.operators.python"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _dag_bag() -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag  # 3.1 and newer
    except ImportError:
        from airflow.models.dagbag import DagBag
    return DagBag


def _serializer() -> Any:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serializer
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serializer
    return Serializer


class EmptySupervisor:
    """Stands in for the process that answers DAG files in Airflow 3: no variable or connection exists.

    Without it even `Variable.get("x", default=1)` fails to import.
    """

    def send(self, message: Any) -> Any:
        """What Airflow's own supervisor answers for what does not exist."""
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        missing = {
            "GetVariable": ErrorType.VARIABLE_NOT_FOUND,
            "GetConnection": ErrorType.CONNECTION_NOT_FOUND,
        }
        kind = missing.get(type(message).__name__)
        return ErrorResponse(error=kind, detail=message.model_dump()) if kind else None


def _install_supervisor() -> None:
    with contextlib.suppress(ImportError):
        from airflow.sdk.execution_time import task_runner

        task_runner.SUPERVISOR_COMMS = EmptySupervisor()


def parse_file(root: Path, file: str) -> Result:
    """Parse one file in this process, which is of no other use afterwards."""
    reads: set[str] = set()
    bagged: list[Any] = []
    prefix = str(root) + os.sep

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            # Not Path.resolve, which follows links and is slow: this runs at every open.
            path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100
            if path.startswith(prefix):
                reads.add(path[len(prefix) :])

    base: Any = _dag_bag()

    class Bag(base):  # type: ignore[misc]  # Airflow has no types here
        # A DagBag keeps only one of two DAGs with the same id in one file.
        def bag_dag(self, dag: Any, *more: Any, **named: Any) -> Any:
            bagged.append(dag)
            return super().bag_dag(dag, *more, **named)

    sys.path.insert(0, str(root / FOLDER))
    _install_supervisor()
    sys.addaudithook(watch)
    bag = Bag(dag_folder=str(root / file), include_examples=False, safe_mode=False)
    errors, dags = list(bag.import_errors.values()), list[Any]()
    for dag in bagged:
        serialized = ""
        try:
            serialized = "" if bag.import_errors else json.dumps(_serializer().to_dict(dag))
        except Exception:
            errors.append(traceback.format_exc(limit=-5))
        dags.append([dag.dag_id, sorted(dag.tags or ()), serialized])
    text = "\n".join(errors).replace(prefix, "")
    there = sorted(path for path in reads if (root / path).is_file())
    return {"dags": dags, "reads": there, "error": text or None}


class Child:
    """A forked process that parses one file and answers through a pipe."""

    def __init__(self, root: Path, file: str, seconds: float) -> None:
        self.file, self.seconds = file, seconds
        self.deadline = time.monotonic() + seconds
        self.received = b""
        self.pipe, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._parse(root, writing)
        os.close(writing)
        os.set_blocking(self.pipe, False)

    def _parse(self, root: Path, writing: int) -> NoReturn:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _limit_resources()
            answer = json.dumps(parse_file(root, self.file)).encode()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(b"%d\n" % len(answer) + answer)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            # Never back into the parent's code, and no clean-up that belongs to the parent.
            os._exit(code)

    def result(self) -> Result | None:
        """What the file gave, once that is known."""
        gone, status = os.waitpid(self.pid, os.WNOHANG)
        self._receive()
        length, _, answer = self.received.partition(b"\n")
        result: Result | None = None
        failure = ""
        if length and len(answer) == int(length):
            result = json.loads(answer)
        elif gone:
            failure = _how_it_ended(status)
        elif time.monotonic() > self.deadline:
            failure = f"Parsing it did not end within {self.seconds:g} seconds."
        if result or failure:
            self.end(reaped=bool(gone))
        return {"dags": [], "reads": [], "error": failure} if failure else result

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.pipe, 1 << 20):
                self.received += more

    def end(self, reaped: bool = False) -> None:
        """End the child with all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if not reaped:
            # It may not have its own group yet.
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.pipe)


def _limit_resources() -> None:
    # Where the system cannot limit memory, it kills a file that takes too much, which is told as well.
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _how_it_ended(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"Parsing it killed the process: {signal.Signals(os.WTERMSIG(status)).name}."
    return f"Parsing it ended the process with code {os.WEXITSTATUS(status)} (os._exit?)."


def run_all(root: Path, files: list[str], seconds: float) -> dict[str, Result]:
    """Parse every file, as many at a time as there are processors."""
    at_once = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    waiting, running = list(reversed(files)), list[Child]()
    results: dict[str, Result] = {}

    def end_all(*_: object) -> None:
        for child in running:
            child.end()
        os._exit(1)

    signal.signal(signal.SIGTERM, end_all)
    while waiting or running:
        while waiting and len(running) < at_once:
            running.append(Child(root, waiting.pop(), seconds))
        select.select([child.pipe for child in running], [], [], 0.05)
        for child in list(running):
            result = child.result()
            if result is not None:
                results[child.file] = result
                running.remove(child)
    return results


def merge(results: dict[str, Result]) -> dict[str, Any]:
    """One report of all files' results."""
    dags: dict[str, Any] = {}
    owners: dict[str, list[str]] = {}
    for file, result in sorted(results.items()):
        for dag_id, tags, serialized in result["dags"]:
            owners.setdefault(dag_id, []).append(file)
            dags[dag_id] = {"file": file, "tags": tags, "serialized": serialized, "reads": result["reads"]}
    return {
        "dags": dags,
        "errors": {file: result["error"] for file, result in results.items() if result["error"]},
        "duplicates": {dag_id: files for dag_id, files in owners.items() if len(files) > 1},
    }


if __name__ == "__main__":
    main()
