"""The text of a DAG pointer: the few lines per DAG in Airflow's folder. Equal input gives equal bytes."""

from __future__ import annotations

from reconciler.model.plan import DagPointer

LOADER = "_reconciler_loader_v1"
"""The module in the DAG folder that every pointer imports; a new contract gets a new number."""

LOADER_KEY = f"{LOADER}.py"
IGNORE_KEY = ".airflowignore"
SUPPORT_KEYS = (LOADER_KEY, IGNORE_KEY)


def pointer_key(dag_id: str) -> str:
    """Where a DAG's pointer lies in the DAG folder."""
    return f"{dag_id}.py"


def release_key(release: str) -> str:
    """Where a release's archive lies in the DAG folder. Not a zip: Airflow would read it as DAGs."""
    return f"_releases/{release}.tar.gz"


def render(pointer: DagPointer, source: str) -> bytes:
    """The pointer's file: a call of the loader, then the DAG's source as comments.

    Airflow's code view shows this file, so the source that really runs is in it. The first line holds the
    words ``airflow`` and ``DAG``, without which Airflow's safe mode would not look at the file.
    """
    history = "".join(
        f"            {(entry.release, entry.archive_sha256, entry.file, entry.since.isoformat())!r},\n"
        for entry in pointer.history
    )
    # Every kind of line break ends a comment, and Python refuses a NUL even in one.
    shown = "".join(f"# {line}".rstrip() + "\n" for line in source.replace("\0", "").splitlines())
    return (
        "# Written by reconciler: an Airflow DAG pointer. Do not edit: edits are undone.\n"
        f"from {LOADER} import load\n"
        "\n"
        "globals().update(\n"
        "    load(\n"
        f"        dag_id={pointer.dag_id!r},\n"
        f"        history=[\n{history}        ],\n"
        "    )\n"
        ")\n"
        "\n"
        f"# The source, {pointer.file} of release {pointer.release}:\n"
        "#\n"
        f"{shown}"
    ).encode()
