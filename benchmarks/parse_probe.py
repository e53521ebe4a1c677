"""Parses DAG files as Airflow's dag-processor does and says how long each took. Run by Airflow's Python.

`python -I parse_probe.py FOLDER`: for each line on its standard input, a DAG id, it parses `FOLDER/<id>.py`
and prints one JSON line; for a dot, the whole folder. Like the dag-processor it imports Airflow once, imports
beforehand the Airflow modules that it finds named in a file (`parsing_pre_import_modules`), and forks a
process for each parse.
Standard library and Airflow only.
"""

import json
import logging
import os
import sys
import time

import airflow.dag_processing.manager  # noqa: F401 - what the dag-processor has imported when it forks
from airflow.dag_processing.processor import _pre_import_airflow_modules
from airflow.models.dagbag import DagBag


def parse(folder: str, name: str) -> str:
    """What came of it, as JSON: seconds, and of the processor's alone, to make a DagBag of one file."""
    file = folder if name == "." else f"{folder}/{name}.py"
    if name != ".":
        _pre_import_airflow_modules(file, logging.getLogger(__name__))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        sys.path.append(folder)
        began, worked = time.perf_counter(), time.process_time()
        bag = DagBag(dag_folder=file, include_examples=False, safe_mode=True)
        took = {"seconds": time.perf_counter() - began, "work": time.process_time() - worked}
        told = {**took, "dags": list(bag.dags), "errors": bag.import_errors}
        os.write(writer, json.dumps(told).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        print(f"parsed {parse(sys.argv[1], line.strip())}", flush=True)
