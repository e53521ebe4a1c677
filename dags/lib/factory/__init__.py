"""One DAG per file of configuration: `dags/config/<dag_id>.yml` says what, a template says how.

Each DAG has a file of its own, all of them the same few lines: what is wrong with one configuration breaks
that DAG alone, and parsing it reads that configuration alone.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from lib.factory.reading import read_config

if TYPE_CHECKING:
    from airflow.sdk import DAG

FOLDER = "config"


def dag_of_config(file: str) -> DAG:
    """The DAG that the file's name asks for. Raises ConfigError: file, line, key, what was expected."""
    place = Path(file)
    config = read_config(place.parent / FOLDER / f"{place.stem}.yml")
    # Not imported above: a DAG depends on its own template, and not on what the others use.
    template = import_module(f"{__name__}.{config.template}")
    dag: DAG = template.build(place.stem, config)
    return dag
