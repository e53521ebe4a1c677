"""The published schemas are those of the models, and say all that a person needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.core.declarations import json_schemas
from reconciler.core.yaml_schemas import PATTERNS
from tests.declarations.files import ROOT

SCHEMAS = json_schemas()


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (part for part in (schema, *schema.get("$defs", {}).values()) if part.get("type") == "object")


def fragments(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for child in part.values():
            yield from fragments(child)
    elif isinstance(part, list):
        for child in part:
            yield from fragments(child)


def test_the_published_schemas_are_up_to_date() -> None:
    published = {path.name: path.read_text() for path in (ROOT / "schemas").glob("*.json")}
    # Of the example platform's own files; its own test keeps it true.
    published.pop("dag-config.schema.json")
    assert published == SCHEMAS, "run `reconciler validate --write-schemas`"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_camel_case_with_title_and_description(name: str) -> None:
    for part in objects(json.loads(SCHEMAS[name])):
        assert part["title"]
        assert part["description"]
        assert part["additionalProperties"] is False
        for key, child in part["properties"].items():
            assert "_" not in key
            assert child["title"], key
            assert child["description"], key


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_pattern_has_words_for_people(name: str) -> None:
    used = {
        part["pattern"]
        for part in fragments(json.loads(SCHEMAS[name]))
        if isinstance(part.get("pattern"), str)
    }
    assert used <= PATTERNS.keys()


def test_a_pointer_must_name_every_component() -> None:
    components = json.loads(SCHEMAS["pointer.schema.json"])["properties"]["components"]
    assert components["required"] == ["dags", "libs", "dbt"]


def test_the_api_is_one_of_two() -> None:
    api = json.loads(SCHEMAS["environment.schema.json"])["$defs"]["AirflowApi"]
    assert api["oneOf"] == [{"required": ["mwaa"]}, {"required": ["http"]}]
