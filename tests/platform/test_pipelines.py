"""The pipelines' table agrees with the DAG files and with what each of them waits for."""

from __future__ import annotations

import json

import yaml

from local.options import ROOT
from local.platform.pipelines import PIPELINES

OTHERS = {"heartbeat", "release_probe", "slow_report", "platform_deadlines", "platform_housekeeping"}
"""DAGs that show something of deploying, or watch and tidy: they load nothing."""


def test_each_dag_file_is_a_pipeline() -> None:
    files = {path.stem for path in (ROOT / "dags").glob("*.py")} - OTHERS
    assert files <= {one.dag_id for one in PIPELINES}


def test_each_waits_for_pipelines_that_there_are() -> None:
    names = {one.dag_id for one in PIPELINES}
    assert {before for one in PIPELINES for before in one.after} <= names
    assert all(len(name) <= 38 for name in names)


def test_what_a_pipelines_models_read_another_has_built_before() -> None:
    after = {one.dag_id: set(one.after) for one in PIPELINES}
    nodes = json.loads((ROOT / "dbt" / "manifest.json").read_bytes())["nodes"].values()
    builder = {
        f"{one['resource_type']}.finedge.{one['name']}": set(one["tags"]) & after.keys() for one in nodes
    }
    early = [
        (node["name"], parent)
        for node in nodes
        for parent in node["depends_on"]["nodes"]
        for mine in builder[f"{node['resource_type']}.finedge.{node['name']}"]
        if node["resource_type"] == "model" and builder.get(parent)
        if not builder[parent] & {mine, *_before(mine, after)}
    ]
    assert early == []


def test_what_a_pipelines_models_read_another_has_loaded_before() -> None:
    """Else it is chance which rows a run finds, and so what its marts hold."""
    after = {one.dag_id: set(one.after) for one in PIPELINES}
    loader = {table: dag_id for dag_id in after for table in _loaded(dag_id)}
    nodes = json.loads((ROOT / "dbt" / "manifest.json").read_bytes())["nodes"].values()
    early = {
        (node["name"], parent)
        for node in nodes
        for mine in set(node["tags"]) & after.keys()
        for parent in node["depends_on"]["nodes"]
        if node["resource_type"] == "model" and (table := tuple(parent.split(".")[2:])) in loader
        if loader[table] not in {mine, *_before(mine, after)}
    }
    assert len(loader) > 15
    assert early == set()


def _loaded(dag_id: str) -> set[tuple[str, str]]:
    """The tables, as dbt names them with their source, that a pipeline of the factory loads."""
    file = ROOT / "dags" / "config" / f"{dag_id}.yml"
    config = yaml.safe_load(file.read_text()) if file.exists() else {}
    tables = {(config["target"], name) for name in config.get("tables", ())}
    if "table" in config:
        tables |= {(config["table"]["schema"], config["table"]["name"])}
    return {(schema.lower(), name.lower()) for schema, name in tables}


def _before(dag_id: str, after: dict[str, set[str]]) -> set[str]:
    """All that have run before a DAG does."""
    return after[dag_id].union(*(_before(one, after) for one in after[dag_id]))
