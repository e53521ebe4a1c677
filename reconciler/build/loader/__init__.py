"""The loader that is shipped into Airflow's DAG folder. It runs there, never in the reconciler."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.pointer_file import IGNORE_KEY, LOADER_KEY

# Both as globs and as regular expressions, whichever `core.dag_ignore_file_syntax` says.
IGNORE = b"_reconciler_loader_v1.py\n_releases/\n"


def loader_files() -> dict[str, bytes]:
    """The files that every pointer needs, by key in the DAG folder."""
    return {LOADER_KEY: Path(__file__).with_name(LOADER_KEY).read_bytes(), IGNORE_KEY: IGNORE}
