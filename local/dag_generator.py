"""Writes as many small DAG files as are wanted.

Called by tests and benchmarks that ask how things go with 80 or 1,000 DAGs.
"""

from __future__ import annotations

from pathlib import Path

_TEMPLATE = '''\
"""Airflow DAG {dag_id}, generated."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task


@dag(dag_id="{dag_id}", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), tags=["generated"])
def generated() -> None:
    @task
    def work() -> object:
{body}

    work()


generated()
'''


_VERSIONED = '''\
"""Airflow DAG {dag_id}, generated: its tags tell the version of this file and of the library."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from airflow.sdk import dag, task
from lib.generated import {imports}

VERSION = "{version}"


@dag(
    dag_id="{dag_id}",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    params={{"seconds": 0}},
    tags=[f"code:{{VERSION}}", f"lib:{{LIBRARY}}"],
)
def generated() -> None:
    @task
    def extract(params: dict[str, float]) -> dict[str, str]:
        time.sleep(params["seconds"])
        return {{"code": VERSION, "lib": LIBRARY}}

    @task
    def load(found: object) -> str:
        return str(found)

    {calls}


generated()
'''


def generate(folder: Path, count: int, *, body: str = "return 1") -> list[str]:
    """Write `count` DAGs called `generated_0000` and so on into `folder`; their ids.

    `body` is the Python of their single task. The same arguments write the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    indented = "\n".join(f"        {line}".rstrip() for line in body.splitlines())
    ids = generated_ids(count)
    for dag_id in ids:
        (folder / f"{dag_id}.py").write_text(_TEMPLATE.format(dag_id=dag_id, body=indented))
    return ids


def generate_versioned(
    folder: Path, count: int, version: str, *, new_name: bool = False, tasks: int = 2
) -> list[str]:
    """Write `count` DAGs and the library `lib` that all import, each file naming `version`; their ids.

    A DAG's tags are `code:<version of its file>` and `lib:<version of the library that it was parsed with>`:
    whoever asks Airflow sees a DAG that was made of files of two versions. `new_name`: the DAGs import a name
    that the library has in this version only, as when a function is added and used in one commit. `tasks`:
    so many each DAG has, in a row; the first takes as long as a run's parameter `seconds` says.
    """
    (folder / "lib").mkdir(parents=True, exist_ok=True)
    (folder / "lib" / "__init__.py").write_text("")
    name = f"SINCE_{version.replace('.', '_')}"
    (folder / "lib" / "generated.py").write_text(
        f'"""Generated."""\n\nLIBRARY = "{version}"\n{name} = True\n'
    )
    imports = f"LIBRARY, {name}  # noqa: F401" if new_name else "LIBRARY"
    calls = "load(" * (tasks - 1) + "extract()" + ")" * (tasks - 1)
    ids = generated_ids(count)
    for dag_id in ids:
        text = _VERSIONED.format(dag_id=dag_id, version=version, imports=imports, calls=calls)
        (folder / f"{dag_id}.py").write_text(text)
    return ids


def generated_ids(count: int) -> list[str]:
    """The ids of so many generated DAGs."""
    return [f"generated_{number:04}" for number in range(count)]
