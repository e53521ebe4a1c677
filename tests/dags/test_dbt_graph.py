"""Which tests belong to which node, and what has to be built before: told from the manifest."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

import pytest
from lib.dbt.graph import Graph, graph

from reconciler.core.closure import ParsedDag, closure
from tests.dags.conftest import ROOT

DAGS = {
    "dbt_customer360",
    "dbt_transactions_mart",
    "ledger_close_daily",
    "recon_settlement",
    "aml_monitoring",
    "regulatory_reporting_monthly",
    "stock_pipeline_dag",
    "ml_feature_pipeline",
    "films_elt",
}


def node(*parents: str, kind: str = "model", attached: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"resource_type": kind, "depends_on": {"nodes": list(parents)}}
    return found | ({"attached_node": attached} if attached else {})


def made(nodes: dict[str, dict[str, Any]], sources: dict[str, dict[str, Any]] | None = None) -> Graph:
    named = {name: {"name": name.removeprefix("test."), **one} for name, one in nodes.items()}
    return Graph({"nodes": named, "sources": sources or {}})


def test_a_test_is_asked_with_the_node_that_it_is_declared_on() -> None:
    found = made({"a": node(), "b": node(), "test.t": node("a", "b", kind="test", attached="b")})
    assert (found.tests_of("a"), found.tests_of("b")) == ([], ["t"])
    assert found.asked_with("b") == {"a"}
    assert found.asked_with("a") == set()


def test_a_test_that_looks_at_what_is_built_later_is_asked_then() -> None:
    found = made({"a": node(), "b": node("a"), "test.t": node("a", "b", kind="test", attached="a")})
    assert (found.tests_of("a"), found.tests_of("b")) == ([], ["t"])


def test_a_singular_test_is_asked_with_the_last_of_its_nodes() -> None:
    found = made({"a": node(), "b": node("a"), "c": node("b"), "test.t": node("a", "c", "b", kind="test")})
    assert found.tests_of("c") == ["t"]


def test_only_sources_with_a_limit_have_to_be_fresh() -> None:
    limits = {"warn_after": {"count": 12, "period": "hour"}}
    sources = {
        "source.x": {"source_name": "raw", "name": "x", "freshness": limits},
        "source.y": {"source_name": "raw", "name": "y", "freshness": {}},
    }
    found = made({"a": node("source.x", "source.y"), "b": node("a")}, sources)
    assert found.fresh_sources("a") == ["source:raw.x"]
    assert found.fresh_sources("b") == []


def built() -> dict[str, dict[str, Any]]:
    return {name: one for name, one in graph().nodes.items() if one["resource_type"] != "test"}


def test_each_test_of_the_project_is_asked_exactly_once() -> None:
    asked = [test for name in built() for test in graph().tests_of(name)]
    there = [one["name"] for one in graph().nodes.values() if one["resource_type"] == "test"]
    assert sorted(asked) == sorted(there)
    assert len(asked) > 200


def test_nodes_and_what_their_tests_look_at_have_an_order() -> None:
    before = {name: {*one["depends_on"]["nodes"], *graph().asked_with(name)} for name, one in built().items()}
    assert set(TopologicalSorter(before).static_order()) >= built().keys()


@pytest.mark.parametrize("name", sorted(built()))
def test_each_node_is_built_by_exactly_one_dag(name: str) -> None:
    assert len(set(built()[name]["tags"]) & DAGS) == 1


def touched(path: str) -> set[str]:
    """The DAGs that depend on a file of the project, were each tagged with the nodes that it builds."""
    dags, files = {}, {f"dbt/{one}": (ROOT / "dbt" / one).read_bytes() for one in _files()}
    for dag_id in DAGS:
        nodes = [one["name"] for one in built().values() if dag_id in one["tags"]]
        tags = tuple(f"dbt:{name}" for name in nodes)
        files[f"dags/{dag_id}.py"] = b""
        dags[dag_id] = ParsedDag(file=f"dags/{dag_id}.py", tags=tags, reads=("dbt/manifest.json",))
    before = closure(files, dags)
    after = closure({**files, path: files[path] + b"\n"}, dags)
    return {dag_id for dag_id in DAGS if before[dag_id] != after[dag_id]}


def _files() -> list[str]:
    folder = ROOT / "dbt"
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("dbt/models/marts/transactions/agg_daily_volume.sql",
         {"dbt_transactions_mart", "regulatory_reporting_monthly"}),
        ("dbt/models/marts/monitoring/fct_aml_alerts.sql", {"aml_monitoring"}),
        ("dbt/models/intermediate/stock/int_stock_prices_enriched.sql", {"stock_pipeline_dag"}),
        ("dbt/tests/singular/high_not_below_low.sql", {"stock_pipeline_dag"}),
        ("dbt/models/films/marts/film_ratings.sql", {"films_elt"}),
        ("dbt/models/ml/ml_customer_features.sql", {"ml_feature_pipeline"}),
    ],
)  # fmt: skip
def test_a_model_touches_the_dags_that_rest_on_it_alone(path: str, expected: set[str]) -> None:
    assert touched(path) == expected
