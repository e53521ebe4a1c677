"""The JSON Schemas of the declarations, and what a value ought to be, in words.

The schemas are published under `schemas/` for editors; `core.yaml_values` takes from the same schemas what
was expected where something else was found. Made from the models alone: never written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from reconciler.model.component import Component
from reconciler.model.environment import Environment, ReconcilerConfig
from reconciler.model.holds import Holds
from reconciler.model.people import EMAIL
from reconciler.model.pointer import Pointer
from reconciler.model.policy import RULE, WINDOW_NAME
from reconciler.model.value import Value

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

KINDS: dict[str, type[Value]] = {
    "pointer": Pointer,
    "environment": Environment,
    "holds": Holds,
    "reconciler": ReconcilerConfig,
}
"""The kinds of declaration, by the name of their file without `.yaml`."""

# What each pattern of the models means to a person; a test checks that none is missing.
PATTERNS: dict[str, str] = {
    r"^[0-9a-f]{64}$": "a sha256: 64 hexadecimal digits in lower case",
    r"^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$": "a semantic version as text, like 1.4.0",
    r"^[a-z][a-z0-9-]{0,29}$": (
        "a name of 1 to 30 lower case letters, digits and dashes that starts with a letter"
    ),
    r"^https?://[^\s]+$": "a URL that starts with https:// or http://",
    r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": (
        "the name of an S3 bucket: 3 to 63 lower case letters, digits, dots and dashes"
    ),
    r"^(?:[A-Za-z0-9_.-]+/)+$": "a folder in the bucket that ends with a slash, like dags/",
    r"^\d+\.\d+\.\d+$": "a version of three numbers as text, like 3.0.6",
    r"^[0-9a-f]{16}$": "the id of a release: 16 hexadecimal digits in lower case",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$": "the id of a DAG: letters, digits, dots, dashes and underscores",
    r"^[A-Z_][A-Z0-9_$]{0,254}$": "the name of a database: upper case letters, digits, _ and $",
    EMAIL: "an e-mail address, like ana@example.com",
    WINDOW_NAME: "a name of 1 to 40 lower case letters, digits and dashes",
    RULE: "a recurrence rule of RFC 5545 by years, months, weeks or days, like FREQ=MONTHLY;BYMONTHDAY=-1",
}


def json_schemas() -> dict[str, str]:
    """The text of each schema file, by its name (`pointer.schema.json` and so on)."""
    return {f"{name}.schema.json": _render(schema_of(model)) for name, model in KINDS.items()}


@cache
def schema_of(model: type[Value]) -> Schema:
    """The JSON Schema of a model, with what pydantic cannot know added."""
    schema = model.model_json_schema(by_alias=True)
    if model is Pointer:
        schema["properties"]["components"]["required"] = [component.value for component in Component]
    if "AirflowApi" in schema.get("$defs", {}):
        schema["$defs"]["AirflowApi"]["oneOf"] = [{"required": ["mwaa"]}, {"required": ["http"]}]
    for part in (schema, *schema.get("$defs", {}).values()):
        _polish(part)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def part_of(schema: Schema, location: Sequence[str | int]) -> Schema | None:
    """The part of a schema that describes the value at `location`; None where it knows no such key."""
    part: Schema | None = _resolve(schema, schema)
    for step in location:
        if part is None:
            return None
        part = _child(part, step)
        part = None if part is None else _resolve(schema, part)
    return part


def known_keys(schema: Schema, part: Schema) -> tuple[str, ...]:
    """The keys that a mapping may have."""
    if "properties" in part:
        return tuple(part["properties"])
    names = _resolve(schema, part.get("propertyNames", {}))
    return tuple(names.get("enum", ()))


def pattern_of_keys(schema: Schema, part: Schema) -> str | None:
    """What the keys have to match where a mapping may have any; None where they are known."""
    if "properties" in part or known_keys(schema, part):
        return None
    return str(next(iter(part.get("patternProperties", ())), ""))


def kind_of(model: type[Value]) -> str:
    """What a file with this model calls itself."""
    return str(schema_of(model)["properties"]["kind"]["const"])


def in_words(schema: Schema, part: Schema) -> str:
    """What a value has to be, as the end of a sentence that says "expected"."""
    match part:
        case {"const": constant}:
            return str(constant)
        case {"enum": names}:
            return " or ".join(names)
        case {"type": "object"}:
            return f"a mapping with {_keys(known_keys(schema, part))}"
        case {"type": "array"}:
            return f"a list; each item: {in_words(schema, _resolve(schema, part['items']))}"
        case {"type": "number" | "integer"}:
            return _number(part)
    return _text(part)


def _polish(part: Schema) -> None:
    description = str(part.get("description", part["title"]))
    part["description"] = " ".join(description.replace("``", "`").split())
    for name, child in part.get("properties", {}).items():
        child["title"] = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _keys(names: Sequence[str]) -> str:
    return f"the key {names[0]}" if len(names) == 1 else f"the keys {', '.join(names)}"


def _number(part: Schema) -> str:
    what = "a whole number" if part["type"] == "integer" else "a number"
    above = "minimum" not in part
    low = _figure(part.get("exclusiveMinimum", 0) if above else part["minimum"])
    since = f"above {low} and" if above else f"from {low}"
    return f"{what} {since} up to {_figure(part['maximum'])}"


def _figure(number: float) -> str:
    return f"{number:.15g}"


def _text(part: Schema) -> str:
    if part.get("type") == "boolean":
        return "true or false"
    if "pattern" in part:
        return PATTERNS.get(part["pattern"], f"text that matches {part['pattern']}")
    bounds = (
        f" of {part.get('minLength', 0)} to {part['maxLength']} characters" if "maxLength" in part else ""
    )
    return f"text{bounds}"


def _child(part: Schema, step: str | int) -> Schema | None:
    if isinstance(step, int):
        return part.get("items") or next(iter(part.get("prefixItems", ())), None)
    child = part.get("properties", {}).get(step)
    other = next(iter(part.get("patternProperties", {}).values()), part.get("additionalProperties"))
    return child if child is not None or not isinstance(other, Mapping) else dict(other)


def _resolve(root: Schema, part: Schema) -> Schema:
    """Follow a reference; of "something or null", the something."""
    for choice in part.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolve(root, {**part, **choice, "anyOf": ()})
    reference = part.get("$ref")
    if reference is None:
        return part
    return _resolve(root, root["$defs"][reference.removeprefix("#/$defs/")])


def _render(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
