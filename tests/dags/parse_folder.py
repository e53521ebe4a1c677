"""Run by Airflow's interpreter: parses a folder of DAGs and prints what it found, and what parsing did.

Usage: parse_folder.py FOLDER. Prints JSON: `errors`, `dags` by id, `deeds`: what it did to the outside,
`seconds`: how long it took once Airflow was imported, `imported`: packages that the folder's files ask for.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()
os.environ |= {
    "AIRFLOW_HOME": tempfile.mkdtemp(prefix="parse-"),
    "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nonexistent/never.db",
}

from airflow.models.dagbag import DagBag  # noqa: E402

_DEEDS = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.mkdir", "os.remove")


def watch_imports() -> set[str]:
    """Of the packages that the folder's files import from now on; not of what those import."""
    found, original = set[str](), builtins.__import__

    def watched(name, globals=None, *more):
        if str((globals or {}).get("__file__")).startswith(str(FOLDER)):
            found.add(name.partition(".")[0])
        return original(name, globals, *more)

    builtins.__import__ = watched
    return found


def main() -> None:
    deeds: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        written = event == "open" and len(arguments) > 2 and int(str(arguments[2] or 0)) & os.O_ACCMODE
        if watching and (event in _DEEDS or written) and "__pycache__" not in str(arguments):
            deeds.append(f"{event} {arguments}")

    sys.path.insert(0, str(FOLDER))
    sys.dont_write_bytecode = True
    # What other libraries do when they are first imported is not the DAGs' doing: watch the second time.
    imported = watch_imports()
    began = time.perf_counter()
    DagBag(str(FOLDER), include_examples=False)
    seconds = time.perf_counter() - began
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(FOLDER)):
            del sys.modules[name]
    sys.addaudithook(watch)
    bag = DagBag(str(FOLDER), include_examples=False)
    watching = False
    dags = {
        dag_id: {
            "edges": sorted(
                [task.task_id, below] for task in dag.tasks for below in task.downstream_task_ids
            ),
            "tasks": sorted(dag.task_ids),
            "schedule": dag.timetable.summary,
            "catchup": dag.catchup,
            "tags": sorted(dag.tags),
            "file": Path(dag.fileloc).name,
            "retries": {task.task_id: task.retries for task in dag.tasks},
            "operators": {task.task_id: task.task_type for task in dag.tasks},
            "max_active_runs": dag.max_active_runs,
            "start_date": dag.start_date and dag.start_date.date().isoformat(),
            "owners": sorted({task.owner for task in dag.tasks}),
            "doc": dag.doc_md,
            "retry_minutes": sorted({task.retry_delay.total_seconds() / 60 for task in dag.tasks}),
            "trigger_rules": {task.task_id: str(task.trigger_rule) for task in dag.tasks},
            "callbacks": {task.task_id: bool(task.on_failure_callback) for task in dag.tasks},
            "modes": {task.task_id: getattr(task, "mode", None) for task in dag.tasks},
            "assets": sorted(asset.uri for _, asset in dag.timetable.asset_condition.iter_assets()),
            "outlets": sorted({asset.uri for task in dag.tasks for asset in task.outlets}),
            "depends_on_past": any(task.depends_on_past for task in dag.tasks),
        }
        for dag_id, dag in bag.dags.items()
    }
    told = {"errors": bag.import_errors, "dags": dags, "deeds": deeds}
    print(json.dumps({**told, "seconds": seconds, "imported": sorted(imported)}))


main()
