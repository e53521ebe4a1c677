"""Writes out a template's `Fn::ForEach`, as the transform AWS::LanguageExtensions does before SAM's.

Called by `local.template`. Knows what `template.yaml` uses: a loop over a list parameter in `Resources`, its
value in `Ref`, `Fn::Sub`, keys (`&{Name}` without what is neither letter nor digit), and in the name that a
`Ref` refers to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LOOP = "Fn::ForEach::"


def written_out(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """A copy without loops, and without the transform that knows them."""
    resources = dict[str, Any]()
    for name, resource in template["Resources"].items():
        if not name.startswith(LOOP):
            resources[name] = resource
            continue
        variable, collection, body = resource
        for item in _items(template, collection["Ref"], parameters):
            for key, value in body.items():
                resources[_id(key, variable, item)] = _with(value, variable, item)
    return {**template, "Resources": resources, "Transform": "AWS::Serverless-2016-10-31"}


def _items(template: Mapping[str, Any], parameter: str, parameters: Mapping[str, str]) -> list[str]:
    given = parameters.get(parameter, template["Parameters"][parameter].get("Default", ""))
    return [item.strip() for item in given.split(",")]


def _id(key: str, variable: str, item: str) -> str:
    return key.replace(f"&{{{variable}}}", re.sub("[^A-Za-z0-9]", "", item))


def _with(value: Any, variable: str, item: str) -> Any:
    if isinstance(value, list):
        return [_with(one, variable, item) for one in value]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": variable}:
        return item
    return _resolved({key: _with(one, variable, item) for key, one in value.items()}, variable, item)


def _resolved(value: dict[str, Any], variable: str, item: str) -> Any:
    """A `Ref` to a name that is made up, and a `Fn::Sub` of which nothing is left to do."""
    if isinstance(value.get("Ref"), dict):
        return {"Ref": _known(value["Ref"])}
    if "Fn::Sub" not in value:
        return value
    text, *more = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else [value["Fn::Sub"]]
    text = text.replace(f"${{{variable}}}", item)
    if "${" not in text:
        return text
    return {"Fn::Sub": [text, *more] if more else text}


def _known(value: Any) -> Any:
    """The text of joins and splits in which nothing is left open."""
    if isinstance(value, list):
        return [_known(one) for one in value]
    if not isinstance(value, dict):
        return value
    ((function, (separator, rest)),) = value.items()
    return separator.join(_known(rest)) if function == "Fn::Join" else _known(rest).split(separator)
