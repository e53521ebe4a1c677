"""Run by Airflow's interpreter: parses a folder of DAGs and prints what it found, and what parsing did.

Usage: parse_folder.py FOLDER. Prints JSON: `errors`, `dags` by id, and `deeds`: what it did to the outside.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
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
    DagBag(str(FOLDER), include_examples=False)
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
        }
        for dag_id, dag in bag.dags.items()
    }
    print(json.dumps({"errors": bag.import_errors, "dags": dags, "deeds": deeds}))


main()
