"""The project by the rules of dbt-project-evaluator, asked of dbt's own manifest.

The package itself comes from no registry that builds here reach, and writes tables into a warehouse; its
rules are short. https://dbt-labs.github.io/dbt-project-evaluator/latest/rules/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest

from local.dbt_manifest import TARGETS, Manifest, slim
from local.environments import ROOT

# dbt parses the project for this.
pytestmark = pytest.mark.airflow

LAYERS = {"stg": "staging", "int": "intermediate", "fct": "marts", "dim": "marts", "agg": "marts",
          "mart": "marts", "rpt": "marts", "film": "marts", "ml": "ml"}  # fmt: skip
"""A model's layer by how its name begins."""
MATERIALIZED = {"staging": {"view"}, "intermediate": {"table", "incremental"},
                "marts": {"table", "incremental"}, "ml": {"incremental"}}  # fmt: skip
FAN_OUT = 5

EXCEPTIONS = {
    "staging on staging": {
        "stg_transactions_ml": "a narrower view of the same rows; two views of one source would drift apart"
    },
    "rejoined": {"fct_aml_alerts": "who is listed is found by name, who is risky by rating"},
    "without children": {
        "stg_film_category": "copied for readers of the shop's database, who ask it themselves",
        "stg_users": "copied for readers of the shop's database, who ask it themselves",
    },
}
"""Where a rule is broken on purpose, and why."""


class Graph:
    """The models of a manifest, with what they read and who reads them."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        nodes = manifest["nodes"].items()
        self.models = {key: node for key, node in nodes if node["resource_type"] in ("model", "snapshot")}
        self.tests = {key: node for key, node in nodes if node["resource_type"] == "test"}
        self.sources: dict[str, Any] = manifest["sources"]

    def parents(self, key: str) -> list[str]:
        return [one for one in self.models[key]["depends_on"]["nodes"] if one in self.models]

    def read_sources(self, key: str) -> list[str]:
        return [one for one in self.models[key]["depends_on"]["nodes"] if one in self.sources]

    def children(self, key: str) -> list[str]:
        return [one for one in self.models if key in self.models[one]["depends_on"]["nodes"]]

    def layer(self, key: str) -> str:
        if self.models[key]["resource_type"] == "snapshot":
            return "snapshot"
        return LAYERS[self.models[key]["name"].split("_")[0]]

    def named(self) -> Iterator[tuple[str, str, str]]:
        """Key, name and layer of each model that is no snapshot."""
        for key, node in self.models.items():
            if node["resource_type"] == "model":
                yield key, node["name"], self.layer(key)


@pytest.fixture(scope="module", params=TARGETS)
def graph(manifests: dict[str, Manifest], request: pytest.FixtureRequest) -> Graph:
    return Graph(manifests[request.param])


def broken(rule: str, found: set[str], graph: Graph) -> set[str]:
    """What breaks a rule without being allowed to. An exception that is none any more is a mistake too."""
    there = {name for _, name, _ in graph.named()}
    allowed = EXCEPTIONS.get(rule, {}).keys() & there
    assert allowed <= found, f"{allowed - found} no longer need an exception from: {rule}"
    return found - allowed


def test_only_staging_reads_sources(graph: Graph) -> None:
    assert {
        name for key, name, layer in graph.named() if layer != "staging" and graph.read_sources(key)
    } == set()


def test_a_staging_view_has_one_source_and_a_source_one_staging_view(graph: Graph) -> None:
    read = {name: graph.read_sources(key) for key, name, layer in graph.named() if layer == "staging"}
    allowed = EXCEPTIONS["staging on staging"]
    assert {name for name, sources in read.items() if len(sources) != 1 and name not in allowed} == set()
    times = Counter(source for sources in read.values() for source in sources)
    assert dict.fromkeys(graph.sources, 1) == times


def test_no_staging_reads_a_later_layer_or_its_own(graph: Graph) -> None:
    found = {name for key, name, layer in graph.named() if layer == "staging" and graph.parents(key)}
    assert broken("staging on staging", found, graph) == set()


def test_each_model_reads_something(graph: Graph) -> None:
    """No root models: SQL without ref() or source() names its tables by hand."""
    assert {name for key, name, _ in graph.named() if not graph.models[key]["depends_on"]["nodes"]} == set()


def test_staging_and_intermediate_models_are_read(graph: Graph) -> None:
    found = {
        name
        for key, name, layer in graph.named()
        if layer in ("staging", "intermediate") and not graph.children(key)
    }
    assert broken("without children", found, graph) == set()


def test_nothing_is_rejoined(graph: Graph) -> None:
    """A reads B, and also C, which is made of B and read by A alone: C belongs into A, or B out of it."""
    found = {
        name
        for key, name, _ in graph.named()
        for middle in graph.parents(key)
        if set(graph.parents(middle)) & set(graph.parents(key)) and graph.children(middle) == [key]
    }
    assert broken("rejoined", found, graph) == set()


def test_few_models_hang_on_one_of_the_last_layer(graph: Graph) -> None:
    """Fan-out: what many marts need should lie before them, not in one of them."""
    leaves = {key for key in graph.models if not graph.children(key)}
    assert {
        name for key, name, _ in graph.named() if len(leaves & set(graph.children(key))) > FAN_OUT
    } == set()


def test_names_folders_and_layers_say_the_same(graph: Graph) -> None:
    for key, name, layer in graph.named():
        path = PurePosixPath(graph.models[key]["original_file_path"])
        assert path.stem == name
        assert layer in path.parts, f"{name} lies in {path.parent}"
        assert graph.models[key]["config"]["materialized"] in MATERIALIZED[layer], name


def test_a_staging_view_lies_with_its_source(graph: Graph) -> None:
    for key, name, layer in graph.named():
        if layer == "staging" and graph.read_sources(key):
            (source,) = (graph.sources[one] for one in graph.read_sources(key))
            folder = PurePosixPath(graph.models[key]["original_file_path"]).parent
            assert PurePosixPath(source["original_file_path"]).parent == folder, name
            properties = PurePosixPath(graph.models[key]["patch_path"].split("://")[1])
            assert properties.parent == folder, name


def test_schemas_are_those_of_the_warehouse(graph: Graph) -> None:
    if graph.manifest["metadata"]["adapter_type"] == "snowflake":
        schemas = {layer: graph.models[key]["schema"] for key, _, layer in graph.named()}
        assert schemas == {"staging": "STAGING", "intermediate": "INTERMEDIATE", "marts": "MARTS", "ml": "ML"}
        assert {one["schema"] for one in graph.sources.values()} == {
            "RAW_CORE",
            "RAW_LEDGER",
            "RAW_FILES",
            "RAW_MARKET",
        }


def test_every_column_that_is_made_is_described(graph: Graph) -> None:
    for node in graph.models.values():
        assert node["description"], node["name"]
        if node["resource_type"] == "model":
            assert node["columns"], node["name"]
            assert all(column["description"] for column in node["columns"].values()), node["name"]
    assert all(one["description"] and one["source_description"] for one in graph.sources.values())


def test_every_primary_key_is_tested(graph: Graph) -> None:
    """By unique and not_null of the same column; or by being recorded as unchecked and why."""
    asked: dict[str, set[tuple[str, str]]] = {}
    for test in graph.tests.values():
        if test.get("attached_node") and test.get("test_metadata"):
            kind = test["test_metadata"]["name"]
            asked.setdefault(test["attached_node"], set()).add((kind, test.get("column_name") or ""))
    without = {
        name
        for key, name, _ in graph.named()
        if not any(
            ("not_null", column) in asked.get(key, ())
            for kind, column in asked.get(key, ())
            if kind == "unique"
        )
    }
    # A settlement that comes twice is a break of the reconciliation; who plays in which film has two keys.
    assert without <= {"stg_card_settlement", "stg_film_actors"}


def test_marts_have_contracts_and_owners_are_named_where_a_test_may_stop_them(graph: Graph) -> None:
    for key, name, layer in graph.named():
        if layer in ("marts", "ml") and name != "film_ratings":
            assert graph.models[key]["contract"]["enforced"], name


def test_thresholds_are_explained(graph: Graph) -> None:
    """A number that is not plain from the column says why it is that, and whom to ask."""
    named = {"no_extreme_outliers", "row_count_between", "mean_between"}
    for test in graph.tests.values():
        kind = (test.get("test_metadata") or {}).get("name")
        if kind in named or test["config"]["severity"].lower() == "warn":
            assert "Ask " in test["description"], test["name"]
        if not kind:
            assert {"owner", "why"} <= test["config"]["meta"].keys(), test["name"]


PERSONAL = {
    "full_name",
    "date_of_birth",
    "email",
    "phone",
    "tax_id_masked",
    "line1",
    "address_line1",
    "postal_code",
    "creditor_name",
    "pan_masked",
    "card_number_masked",
    "first_name",
    "last_name",
}
LISTED = {"stg_sanctions_list"}
"""Whose names are public."""


def test_personal_data_is_marked_wherever_it_is(graph: Graph) -> None:
    """What masks columns in the warehouse, and who looks for leaks, goes by this."""
    for node in graph.models.values():
        for name, column in node["columns"].items():
            if name in PERSONAL and node["name"] not in LISTED:
                assert column["config"]["meta"].get("pii") is True, f"{node['name']}.{name}"


def test_strictness_depends_on_the_environment(manifests: dict[str, Manifest]) -> None:
    """What few rows break by chance only warns where there are few: this was parsed for dev."""
    tests = manifests["snowflake"]["nodes"].values()
    (mean,) = (one for one in tests if one["name"] == "mean_between_stg_credit_bureau_credit_score__700__550")
    assert mean["config"]["severity"] == "warn"


HARD_CODED = re.compile(
    r"(?<!distinct )\b(?:from|join)\s+(?:\{%.*?%\}\s*)?([a-z_]+\.[a-z_.]+|\"[^\"]+\")", re.IGNORECASE
)


def test_no_relation_is_named_by_hand(graph: Graph) -> None:
    for node in (*graph.models.values(), *graph.tests.values()):
        code = re.sub(r"\{\{.*?\}\}", "", node.get("raw_code") or "", flags=re.DOTALL)
        assert HARD_CODED.findall(code) == [], node["name"]


def test_exposures_rest_on_marts(graph: Graph) -> None:
    for exposure in graph.manifest["exposures"].values():
        read = exposure["depends_on"]["nodes"]
        assert read
        assert {graph.layer(one) for one in read} <= {"marts", "ml", "snapshot"}, exposure["name"]
        assert exposure["description"]
        assert exposure["owner"]["email"]


def test_every_mart_is_exposed_or_read(graph: Graph) -> None:
    used = {
        one for exposure in graph.manifest["exposures"].values() for one in exposure["depends_on"]["nodes"]
    }
    idle = {
        name for key, name, layer in graph.named() if layer in ("marts", "ml") and not graph.children(key)
    }
    assert idle <= {graph.models[one]["name"] for one in used if one in graph.models}


def test_film_ratings_hangs_on_what_its_macro_names(manifests: dict[str, Manifest]) -> None:
    """dbt cannot see a ref() in a macro: the hints beside it make these edges."""
    node = manifests["films"]["nodes"]["model.finedge.film_ratings"]
    assert {one.split(".")[-1] for one in node["depends_on"]["nodes"]} == {
        "stg_films",
        "stg_film_actors",
        "stg_actors",
    }


def test_each_target_knows_its_own_models_alone(manifests: dict[str, Manifest]) -> None:
    models = {
        target: {name for _, name, _ in Graph(manifest).named()} for target, manifest in manifests.items()
    }
    assert "film_ratings" in models["films"]
    assert "fct_transactions" in models["snowflake"]
    assert not models["films"] & models["snowflake"]


def test_the_slim_manifest_is_up_to_date(manifests: dict[str, Manifest]) -> None:
    """`make manifest` writes it."""
    assert (ROOT / "dbt" / "manifest.json").read_text() == slim(manifests[target] for target in TARGETS)
