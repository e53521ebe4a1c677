"""dbt's models as tasks of Airflow: one for each node, with its tests, from the release's manifest."""

from __future__ import annotations

from typing import Any

__all__ = ["dbt_group", "node_tags"]


def __getattr__(name: str) -> Any:
    """Only a DAG pays for Cosmos; what runs dbt does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lib.dbt import group

    return getattr(group, name)
