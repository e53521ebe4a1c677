"""Groups of dbt tasks, rendered by Cosmos from the manifest. Called when a DAG is parsed.

Cosmos finds the nodes that are meant and draws the graph; what a task does is ours (`operator`): Cosmos'
own operators start dbt anew for each node, which costs ten times as much as the node itself. One task builds
a node and asks its tests: two would cost two starts of Airflow's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

# Before the first import: Cosmos would import the clients of six clouds, make folders while a DAG is parsed,
# and tell its makers how it is used.
os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_MEMORY_OPTIMISED_IMPORTS", "True")
os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_CACHE", "False")
os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_TELEMETRY", "False")

from cosmos import settings
from cosmos.airflow.task_group import DbtTaskGroup
from cosmos.config import ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import DbtResourceType, LoadMode, SourceRenderingBehavior, TestBehavior
from cosmos.dbt.graph import DbtGraph

from lib.dbt.graph import MANIFEST, PROJECT, graph
from lib.dbt.operator import DbtNode
from lib.dbt.target import SNOWFLAKE

_BUILT = (DbtResourceType.MODEL, DbtResourceType.SNAPSHOT, DbtResourceType.SEED)

# Where Airflow has loaded Cosmos' plugin, it has read its settings before us.
settings.enable_cache = False
# Cosmos tells of each step of each parse, and warns at each node that converters are experimental.
logging.getLogger("cosmos").setLevel(logging.ERROR)


def dbt_group(
    group_id: str, select: Sequence[str], *, exclude: Sequence[str] = (), shadow: str = ""
) -> DbtTaskGroup:
    """A task for each node that is selected, named as the node, in dbt's order; within the DAG that is open.

    A task first asks whether the node's sources are fresh, builds it, and asks its tests; it fails where one
    of them does, and may be run again alone. It returns how many `passed`, `warned` and `failed`.
    `shadow`: a tag whose marts are built in MARTS_SHADOW, aside of what others read. Raises ValueError
    where nothing is selected.
    """
    convert = _converter(shadow)
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=_project(),
        profile_config=ProfileConfig(
            profile_name="finedge", target_name=SNOWFLAKE.name, profiles_yml_filepath=PROJECT / "profiles.yml"
        ),
        execution_config=ExecutionConfig(dbt_project_path=PROJECT),
        render_config=_rendering(select, exclude, dict.fromkeys(_BUILT, convert)),
    )
    if not group.tasks_map:
        raise ValueError(f"{group_id}: no dbt node is selected by {list(select)}")
    for node, task in group.tasks_map.items():
        for seen in graph().asked_with(node) & group.tasks_map.keys():
            group.tasks_map[seen] >> task
    return group


def node_tags(select: Sequence[str], *, exclude: Sequence[str] = ()) -> list[str]:
    """`dbt:<node>` for each selected node that is built: tells the reconciler what a DAG rests on."""
    found = DbtGraph(
        project=_project(),
        render_config=_rendering(select, exclude, {}),
        execution_config=ExecutionConfig(dbt_project_path=PROJECT),
    )
    found.load(method=LoadMode.DBT_MANIFEST)
    built = (node for node in found.filtered_nodes.values() if node.resource_type in _BUILT)
    return sorted(f"dbt:{node.resource_name}" for node in built)


def _project() -> ProjectConfig:
    project = ProjectConfig(manifest_path=MANIFEST, project_name="finedge")
    # Not as an object storage's path, for which Airflow would look through all providers (half a second).
    project.manifest_path = MANIFEST
    return project


def _rendering(select: Sequence[str], exclude: Sequence[str], converters: dict[Any, Any]) -> RenderConfig:
    return RenderConfig(
        load_method=LoadMode.DBT_MANIFEST,
        select=list(select),
        exclude=[*exclude, "resource_type:test"],
        test_behavior=TestBehavior.NONE,
        source_rendering_behavior=SourceRenderingBehavior.NONE,
        emit_datasets=False,
        node_converters=converters,
    )


def _converter(shadow: str) -> Callable[..., DbtNode]:
    """What Cosmos calls for each node."""

    def task(*, node: Any, dag: Any, task_group: Any, **_: Any) -> DbtNode:
        return DbtNode(
            task_id=node.name,
            dag=dag,
            task_group=task_group,
            node=node.resource_name,
            tests=graph().tests_of(node.unique_id),
            sources=graph().fresh_sources(node.unique_id),
            shadow=shadow,
        )

    return task
