"""Loads one Airflow DAG from a release: what the DAG pointers written by the reconciler import.

Lies in Airflow's DAG folder beside the pointers and `_releases/`. Standard library and Airflow only, Python
3.9 or newer. Each container unpacks a release once, into a cache that is addressed by content; whatever is
not complete there or in `_releases/` counts as absent. Never writes into the DAG folder.

Environment: RECONCILER_RELEASE_CACHE (the cache's folder; else one per user in the temporary folder),
RECONCILER_RELEASE_WAIT_SECONDS (how long a task waits, 15; below Airflow's `dagbag_import_timeout` of 30).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import io
import json
import logging
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, TextIO

HERE = Path(__file__).parent
# In each unpacked release: its files and their sizes. Held locked while a process uses the release.
FILES = ".reconciler-files"
WAIT_SECONDS = float(os.environ.get("RECONCILER_RELEASE_WAIT_SECONDS", "15"))
# Parsing waits for a release that is due so soon.
SOON_SECONDS = 3.0
# Releases that were not used for so long, and that no process holds, are removed from the cache.
KEEP_SECONDS = 24 * 3600.0

log = logging.getLogger(__name__)
_held: dict[Path, TextIO] = {}
# A release's id, the sha256 of its archive, the file that defines the DAG in it, and the time since when
# runs that start use it (ISO 8601, with offset).
Entry = tuple[str, str, str, str]


class ReleaseNotHere(ImportError):
    """The release that is due has not arrived in this container, or not whole; trying again helps."""


class Task(NamedTuple):
    """The task that this process executes; None for what cannot be found out."""

    id: str | None
    run_start: datetime | None


def load(dag_id: str, history: Sequence[Entry]) -> dict[str, Any]:
    """The DAG `dag_id` as the release that is due defines it: `{dag_id: dag}`. `history` is newest first.

    A task uses the release that was due when its run started: it waits for that one, and then fails so that
    Airflow retries it. Everything else (parsing, callbacks, `dags test`) uses what is due now, and an older
    release stands in for one that is not here yet. Before anything is due, only a task finds the DAG: in the
    oldest release.
    """
    # `airflow dags test` runs its tasks in the process that parsed all pointers: load nothing but its DAG.
    if os.environ.get("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id) != dag_id:
        return {}
    task = _executing()
    due = _due(history, (task and task.run_start) or _now(history, patient=task is None))
    if not (due or task):
        return {}  # A new DAG begins to exist when every container has its pointer.
    due = due or history[-1:]
    try:
        (release, _, file, _), root = _first_here(due[:1], WAIT_SECONDS) if task else _first_here(due)
    except ReleaseNotHere as missing:
        if task and task.id:
            return {dag_id: _failing(dag_id, task.id, str(missing))}
        raise
    dag = _dag_of(dag_id, file, release, root)
    # A set in Airflow 3, a list in Airflow 2.
    dag.tags = type(dag.tags)([*dag.tags, f"release:{release}"])
    # Airflow looks for templates beside the pointer; without the pointer it would look beside the file.
    paths = dag.template_searchpath or []
    dag.template_searchpath = [str((root / file).parent), *([paths] if isinstance(paths, str) else paths)]
    if release != due[0][0]:
        log.warning("DAG %s falls back to release %s: %s is not here.", dag_id, release, due[0][0])
    when = f", due when its run started ({task.run_start.isoformat()})" if task and task.run_start else ""
    log.info("DAG %s is loaded from release %s%s.", dag_id, release, when)
    return {dag_id: dag}


def _due(history: Sequence[Entry], moment: datetime) -> Sequence[Entry]:
    """What is due at a moment, newest first."""
    return [entry for entry in history if datetime.fromisoformat(entry[3]) <= moment]


def _now(history: Sequence[Entry], patient: bool) -> datetime:
    """The time; if `patient`, once a release that is due in a moment is due.

    Airflow parses a pointer when it is new, and then not for a while: so it sees a flip at once.
    """
    now = datetime.now(timezone.utc)  # noqa: UP017 - Python 3.9
    waits = ((datetime.fromisoformat(since) - now).total_seconds() for *_, since in history)
    wait = max((seconds for seconds in waits if seconds <= SOON_SECONDS), default=0)
    if not patient or wait <= 0:
        return now
    time.sleep(wait)
    return now + timedelta(seconds=wait)


def _executing() -> Task | None:
    """The task that this process executes; None: it only parses."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "airflow.cli.commands.task_command":
            return Task(None, None)  # Airflow 2: `airflow tasks run`
        # Airflow 3 tells a task's process what to run by such a value, which is in the frames that parse.
        for value in list(frame.f_locals.values()):
            if type(value).__name__ == "StartupDetails":
                return Task(value.ti.task_id, value.ti_context.dag_run.start_date)
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _first_here(entries: Sequence[Entry], wait: float = 0) -> tuple[Entry, Path]:
    """The first of these entries whose release is here; `wait` seconds are given to them to arrive."""
    deadline = time.monotonic() + wait
    while True:
        for entry in entries:
            root = _unpacked(*entry[:2])
            if root is not None:
                return entry, root
        if time.monotonic() >= deadline:
            names = ", ".join(f"_releases/{entry[0]}.tar.gz" for entry in entries)
            raise ReleaseNotHere(
                f"This container has no whole copy of {names} in {HERE}. It usually arrives with the next "
                "sync of the DAG folder; if not, compare the folder with its S3 prefix."
            )
        time.sleep(0.5)


def _failing(dag_id: str, task_id: str, problem: str) -> Any:
    """A DAG whose one task fails as others do: Airflow 3 does not retry where the DAG does not import."""
    airflow = _airflow()

    class ReleaseMissing(airflow.BaseOperator):  # type: ignore[misc, name-defined]
        def execute(self, context: Any) -> None:  # noqa: ARG002 - Airflow passes it by name
            raise ReleaseNotHere(problem)

    dag = airflow.DAG(dag_id=dag_id, schedule=None)
    ReleaseMissing(task_id=task_id, dag=dag)
    return dag


def _airflow() -> Any:
    """Airflow's `DAG`, `BaseOperator` and `DagContext`: those of Airflow 3, or of Airflow 2."""
    try:
        from airflow.sdk import DAG, BaseOperator
        from airflow.sdk.definitions._internal.contextmanager import DagContext
    except ImportError:
        from airflow.models import DAG, BaseOperator
        from airflow.models.dag import DagContext
    return SimpleNamespace(DAG=DAG, BaseOperator=BaseOperator, DagContext=DagContext)


def _dag_of(dag_id: str, file: str, release: str, root: Path) -> Any:
    path = root / file
    if not path.is_file():
        raise ImportError(f"Release {release} has no file {file}, which the pointer of {dag_id} names.")
    _use_only(root)
    # The same in every release, so that nothing that records it differs between them.
    name = f"reconciler_{hashlib.sha256(file.encode()).hexdigest()[:16]}_{path.stem.replace('.', '_')}"
    with _registered_dags(name) as registered:
        module = _execute(name, path)
    found = [value for value in vars(module).values() if isinstance(value, _airflow().DAG)] + registered
    for dag in found:
        if dag.dag_id == dag_id:
            return dag
    others = ", ".join(sorted({dag.dag_id for dag in found})) or "none"
    raise ImportError(f"{file} of release {release} defines no DAG {dag_id}, only: {others}.")


def _execute(name: str, path: Path) -> ModuleType:
    loader = SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextlib.contextmanager
def _registered_dags(module_name: str) -> Iterator[list[Any]]:
    """Collect the DAGs that register themselves, so that the file's other DAGs do not join the pointer's."""
    context = _airflow().DagContext
    before, name = set(context.autoregistered_dags), context.current_autoregister_module_name
    context.current_autoregister_module_name = module_name
    found: list[Any] = []
    try:
        yield found
    finally:
        found += [dag for dag, _ in context.autoregistered_dags - before]
        context.autoregistered_dags.intersection_update(before)
        context.current_autoregister_module_name = name


def _use_only(root: Path) -> None:
    """Make imports find this release first, and forget what others had imported.

    Others are releases in the cache, and namesakes beside the pointers, such as a `lib/` from before.
    """
    cache, folder = _cache(), root / "dags"
    own = {entry.name.partition(".")[0] for entry in folder.iterdir()}
    for name, module in list(sys.modules.items()):
        places = [place for place in _places(module) if not _inside(place, folder)]
        namesake = name.partition(".")[0] in own and any(_inside(place, HERE) for place in places)
        if namesake or any(_inside(place, cache) for place in places):
            del sys.modules[name]
    sys.path[:] = [str(folder), *(path for path in sys.path if not _inside(path, cache))]
    importlib.invalidate_caches()


def _places(module: Any) -> list[str]:
    """Where a module came from: its file, or all folders of a package without one."""
    file = getattr(module, "__file__", None)
    with contextlib.suppress(Exception):  # some modules answer attributes by code of their own
        return [file] if isinstance(file, str) else [str(path) for path in getattr(module, "__path__", ())]
    return []


def _inside(path: str, folder: Path) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def _cache() -> Path:
    """The cache's folder, made if need be; refused if somebody else could write to it."""
    named = os.environ.get("RECONCILER_RELEASE_CACHE")
    folder = Path(named or Path(tempfile.gettempdir()) / f"reconciler-releases-{os.getuid()}").absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not named:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(f"{folder} is not ours alone: remove it, or set RECONCILER_RELEASE_CACHE.")
    return folder


def _unpacked(release: str, digest: str) -> Path | None:
    """The release's folder in the cache, unpacked now if need be; None if the release is not here."""
    cache = _cache()
    folder = cache / f"{release}-{digest[:32]}"
    if _hold(folder):
        return folder
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _hold(folder):
            body = _archive(release, digest)
            if body is None:
                return None
            _remove_unused(cache)
            _unpack(body, folder)
    return folder if _hold(folder) else None


def _hold(folder: Path) -> bool:
    """Is the release there, whole? Then no other process removes it before this one has ended."""
    try:
        if folder not in _held:
            _held[folder] = (folder / FILES).open()
            fcntl.flock(_held[folder], fcntl.LOCK_SH)
        listing = _held[folder]
        listing.seek(0)
        whole = all((folder / path).stat().st_size == size for path, size in json.load(listing))
        os.utime(folder)
    except (OSError, ValueError):
        whole = False
    if not whole and folder in _held:
        _held.pop(folder).close()
    return whole


def _archive(release: str, digest: str) -> bytes | None:
    path = HERE / "_releases" / f"{release}.tar.gz"
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s cannot be read and counts as absent: %s", path, error)
        return None
    if hashlib.sha256(body).hexdigest() != digest:
        log.warning("%s is not whole (sha256 is not %s) and counts as absent.", path, digest)
        return None
    return body


def _unpack(body: bytes, folder: Path) -> None:
    """Write the files beside their place and put them there in one move."""
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    sizes: list[tuple[str, int]] = []
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        for member in archive:
            source = archive.extractfile(member) if member.isreg() else None
            if source is None or Path(member.name).is_absolute() or ".." in Path(member.name).parts:
                raise ImportError(f"{member.name!r} in the archive of {folder.name} is not a plain file.")
            target = temporary / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                shutil.copyfileobj(source, out)
            sizes.append((member.name, member.size))
    (temporary / FILES).write_text(json.dumps(sizes))
    if folder.exists():
        # Something was deleted from it.
        folder.rename(folder.with_name(f".new-{folder.name}-{os.getpid()}"))
    temporary.rename(folder)


def _remove_unused(cache: Path) -> None:
    """Remove what was not used for long and is not held, and what a crash left behind."""
    for folder in list(cache.iterdir()):
        if folder.name.startswith(".new-"):
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir() and folder.stat().st_mtime < time.time() - KEEP_SECONDS:
            with contextlib.suppress(OSError), (folder / FILES).open() as listing:
                fcntl.flock(listing, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
