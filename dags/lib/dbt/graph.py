"""What the release's dbt/manifest.json says: nodes, their tests, and what is built before what.

Read when a DAG is parsed, so it must stay cheap: the file has only what is asked here, and what Cosmos asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3] / "dbt"
MANIFEST = PROJECT / "manifest.json"
_BUILT = ("model", "snapshot", "seed")


class Graph:
    """The nodes of a manifest, by dbt's unique ids (`model.finedge.dim_account`)."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self.nodes: dict[str, dict[str, Any]] = manifest["nodes"]
        self.sources: dict[str, dict[str, Any]] = manifest["sources"]

    def tests_of(self, node: str) -> list[str]:
        """The names of the tests that are asked once a node is built, in order."""
        return sorted(self.nodes[test]["name"] for test in self._tests.get(node, ()))

    def asked_with(self, node: str) -> set[str]:
        """The other nodes that those tests look at, and that have to be there before."""
        seen = {parent for test in self._tests.get(node, ()) for parent in self._parents(test)}
        return seen - {node}

    def fresh_sources(self, node: str) -> list[str]:
        """The sources of a node that must have been loaded lately, as dbt selects them."""
        named = (self.sources.get(parent) for parent in self.nodes[node]["depends_on"]["nodes"])
        return sorted(
            f"source:{one['source_name']}.{one['name']}" for one in named if one and one["freshness"]
        )

    @cached_property
    def _tests(self) -> dict[str, list[str]]:
        tests: dict[str, list[str]] = {}
        for name, node in self.nodes.items():
            if node["resource_type"] == "test":
                tests.setdefault(self._owner(name), []).append(name)
        return tests

    def _owner(self, test: str) -> str:
        """The node in whose task a test is asked: the one that is built last of those that it looks at."""
        declared = self.nodes[test].get("attached_node")
        parents = self._parents(test)
        return max(parents, key=lambda one: (self._depths[one], one == declared, one))

    def _parents(self, node: str) -> list[str]:
        return [
            parent
            for parent in self.nodes[node]["depends_on"]["nodes"]
            if parent in self.nodes and self.nodes[parent]["resource_type"] in _BUILT
        ]

    @cached_property
    def _depths(self) -> dict[str, int]:
        depths: dict[str, int] = {}

        def depth(node: str) -> int:
            if node not in depths:
                depths[node] = 1 + max((depth(parent) for parent in self._parents(node)), default=0)
            return depths[node]

        for name in self._built():
            depth(name)
        return depths

    def _built(self) -> Iterator[str]:
        return (name for name, node in self.nodes.items() if node["resource_type"] in _BUILT)


@lru_cache(maxsize=1)
def graph() -> Graph:
    """The release's own. Raises FileNotFoundError: `make manifest` writes it."""
    return Graph(json.loads(MANIFEST.read_bytes()))
