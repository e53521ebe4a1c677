"""Parses pointers as Airflow does, each time in a fresh fork of one process that has imported Airflow."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

# Answers each line {"root", "paths", "env", "log"} of stdin with what a fork saw when it parsed the paths.
SERVER = """
import json, os, sys, traceback
answer = os.dup(1)
os.dup2(2, 1)
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
import airflow.sdk, airflow.providers.standard.operators.bash

def parse(paths):
    for path in paths:
        bag = DagBag(dag_folder=path, include_examples=False, safe_mode=True)
        for dag in bag.dags.values():
            yield {
                "dag_id": dag.dag_id,
                "tags": sorted(dag.tags),
                "doc": dag.doc_md,
                "fileloc": dag.fileloc,
                "searchpath": list(dag.template_searchpath or []),
                "commands": {t.task_id: getattr(t, "bash_command", None) for t in dag.tasks},
                "owners": [t.owner for t in dag.tasks],
            }
        yield from ({"error": text} for text in bag.import_errors.values())

def child(request, answer):
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1), os.dup2(log, 2)
    os.environ.update(request["env"])
    sys.path.append(request["root"])
    dags = list(parse(request["paths"]))
    sys.stdout.flush(), sys.stderr.flush()
    os.write(answer, json.dumps({"dags": dags, "path": sys.path}).encode() + b"\\n")

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        try:
            child(json.loads(line), answer)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.write(answer, b"\\n")
"""


class Parser:
    """An Airflow that only parses. ``home`` is a folder for it to write to. End it with `close`."""

    def __init__(self, python: Path, home: Path) -> None:
        self._home = home
        self._trouble = (home / "server.log").open("wb")
        self._server = subprocess.Popen(
            [str(python), "-I", "-c", SERVER],
            env={
                "PATH": os.defpath,
                "HOME": str(home),
                "AIRFLOW_HOME": str(home),
                "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "9",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._trouble,
            text=True,
        )

    def parse(self, root: Path, paths: list[Path], env: dict[str, str]) -> dict[str, Any]:
        """What the DAG folder ``root`` gives: the ``dags``, ``sys.path`` afterwards, and the ``log``."""
        stdin, stdout = self._server.stdin, self._server.stdout
        assert stdin is not None
        assert stdout is not None
        log = self._home / "parse.log"
        request = {"root": str(root), "paths": [str(path) for path in paths], "env": env, "log": str(log)}
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer = stdout.readline().strip()
        assert answer, (self._home / "server.log").read_text() + log.read_text()
        assert stdout.readline() == "\n"
        report: dict[str, Any] = json.loads(answer)
        return {**report, "log": log.read_text()}

    def close(self) -> None:
        """End it."""
        self._server.communicate(timeout=60)
        self._trouble.close()
