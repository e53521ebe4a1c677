"""Seconds and memory of a function's cold start: its import, and what its first invocation imports besides.

Each in a fresh process of the environment that holds what the functions' image holds, byte-compiled, files
in the page cache. What AWS adds (fetching the image, starting the sandbox) is not in it.
"""

from __future__ import annotations

import json
import os
import subprocess

from benchmarks.options import Options
from benchmarks.result import Cell, Result, Samples, Table
from local.environments import lambda_python
from local.errors import LocalError
from local.options import ROOT

# What the first invocation makes, of `reconciler.bootstrap`; no call goes out.
FIRST = {
    "on_push": "bootstrap.queue(); bootstrap._secrets()",
    "sweep": "bootstrap.queue()",
    "reconcile": (
        "from reconciler.model.environment import *; "
        "api = AirflowApi(mwaa=MwaaApi(environment='e')); "
        "folder = DagFolderSpec(bucket='bench'); "
        "spec = AirflowSpec(version='3.0.6', api=api, dag_folder=folder); "
        "bootstrap.world('bench').target("
        "Environment(api_version='reconciler/v1', kind='Environment', name='dev', airflow=spec))"
    ),
}
PROBE = """
import json, time
def taken():
    seconds = time.perf_counter() - begin
    with open("/proc/self/status") as status:  # not ru_maxrss: a child's begins with its parent's
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return seconds, peak / 1024
begin = time.perf_counter()
import handlers.{name}
imported = taken()
from reconciler import bootstrap
{first}
ready = taken()
print(json.dumps({{"imported": imported, "ready": ready}}))
"""


def run(options: Options) -> Result:
    """All functions, in turns."""
    times = options.times(5, 20)
    names = sorted(FIRST)
    for name in names:  # the first compiles to bytecode, as the image has it
        _probe(name)
    taken = [{name: _probe(name) for name in names} for _ in range(times)]
    rows = tuple(_row(name, [one[name] for one in taken]) for name in names)
    columns = ("Function", "import", "memory", "and the first invocation's imports", "memory then")
    notes = (
        "Only a tick that asks Airflow imports Airflow's client (in `reconcile`): an idle one does not.",
    )
    return Result((Table(columns, rows),), {"processes each": times}, notes)


def _row(name: str, taken: list[dict[str, list[float]]]) -> tuple[Cell, ...]:
    cells: list[Cell] = [f"`handlers.{name}`"]
    for stage in ("imported", "ready"):
        cells.append(Samples("ms", tuple(1000 * one[stage][0] for one in taken)))
        cells.append(Samples("MB", tuple(one[stage][1] for one in taken)))
    return tuple(cells)


def _probe(name: str) -> dict[str, list[float]]:
    done = subprocess.run(
        [str(lambda_python()), "-c", PROBE.format(name=name, first=FIRST[name])],
        cwd=ROOT, env=_variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LocalError(f"handlers.{name} does not import:\n{done.stderr}", "run `make setup`")
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _variables() -> dict[str, str]:
    named = ("TABLE", "QUEUE_URL", "BUS", "ARTIFACTS", "REPO_URL", "WEBHOOK_SECRET")
    return {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "POWERTOOLS_SERVICE_NAME": "reconciler",
        "POWERTOOLS_METRICS_NAMESPACE": "Reconciler",
        "RECONCILER_ENVIRONMENTS": "dev",
        **{f"RECONCILER_{name}": "http://127.0.0.1/bench" for name in named},
    }
