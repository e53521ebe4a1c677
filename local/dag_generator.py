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


def generate(folder: Path, count: int, *, body: str = "return 1") -> list[str]:
    """Write `count` DAGs called `generated_0000` and so on into `folder`; their ids.

    `body` is the Python of their single task. The same arguments write the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    indented = "\n".join(f"        {line}".rstrip() for line in body.splitlines())
    ids = [f"generated_{number:04}" for number in range(count)]
    for dag_id in ids:
        (folder / f"{dag_id}.py").write_text(_TEMPLATE.format(dag_id=dag_id, body=indented))
    return ids
