"""Turns the nodes of a declaration into its model, or into every flaw that keeps it from being one.

Called by `core.declarations`. A flaw names the line, the key, what was found and what was expected.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from collections.abc import Sequence as Steps
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reconciler.core.yaml_nodes import Flaw, Mapping, Node, Scalar, Sequence, Unreadable, cut, read
from reconciler.core.yaml_schemas import Schema, in_words, known_keys, part_of, pattern_of_keys, schema_of
from reconciler.model.value import Value

M = TypeVar("M", bound=Value)

_LONGEST = 60


def parse(content: bytes, model: type[M]) -> tuple[M, Node]:
    """The value that a file declares, and its nodes. Raises Unreadable with every flaw."""
    root, schema = read(content), schema_of(model)
    flaws = list(_wrong_keys(root, schema, ()))
    try:
        # Through JSON: strict about types there, yet lists and names become tuples and enums.
        text = json.dumps(plain(root))
        value = model.model_validate_json(text, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        flaws += [_flaw(root, schema, one) for one in found if not _about_keys(one)]
        raise Unreadable(tuple(flaws)) from None
    if flaws:
        raise Unreadable(tuple(flaws))
    return value, root


def plain(node: Node) -> object:
    """The node as plain Python values."""
    match node:
        case Mapping():
            return {name: plain(entry.node) for name, entry in node.entries.items()}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar():
            return node.value


def line_of(root: Node, location: Steps[str | int]) -> int:
    """The line on which a key stands, or else the nearest key above it."""
    line, node = 1, root
    for step in location:
        match node:
            case Mapping() if step in node.entries:
                entry = node.entries[str(step)]
                line, node = entry.key.line, entry.node
            case Sequence() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line = node.span.line
            case _:
                break
    return line


def in_file(root: Node, location: Steps[str | int]) -> str:
    """What a file says at a place, for a person."""
    node = root
    for step in location:
        match node:
            case Mapping() if step in node.entries:
                node = node.entries[str(step)].node
            case Sequence() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            case _:
                return "nothing"
    return _found(node)


def _found(node: Node) -> str:
    match node:
        case Mapping():
            return f"a mapping with {', '.join(node.entries) or 'no keys'}"
        case Sequence():
            return f"the list [{cut(', '.join(map(_found, node.items)), _LONGEST)}]"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool()):
            return "true" if node.value else "false"
        case Scalar(value=str()):
            return f'"{cut(str(node.value), _LONGEST)}"'
        case Scalar():
            return f"the number {node.value}"


def _wrong_keys(node: Node, schema: Schema, location: tuple[str | int, ...], line: int = 1) -> Iterator[Flaw]:
    """Keys that are not known or not there; found here because pydantic lets snake_case names pass."""
    part = part_of(schema, location)
    if isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from _wrong_keys(item, schema, (*location, number), item.span.line)
    if part is None or part.get("type") != "object" or not isinstance(node, Mapping):
        return
    known, pattern = known_keys(schema, part), pattern_of_keys(schema, part)
    for name, entry in node.entries.items():
        below = (*location, name)
        if pattern is not None and not re.search(pattern, name):
            yield Flaw(entry.key.line, _dotted(below), "this key", in_words(schema, {"pattern": pattern}))
        elif name in known or pattern is not None:
            yield from _wrong_keys(entry.node, schema, below, entry.key.line)
        else:
            yield Flaw(entry.key.line, _dotted(below), "an unknown key", _other_key(known, name))
    for name in part.get("required", ()):
        if name not in node.entries:
            below = (*location, name)
            child = part_of(schema, below)
            yield Flaw(
                line, _dotted(below), "nothing", "a value" if child is None else in_words(schema, child)
            )


def _about_keys(error: ErrorDetails) -> bool:
    return error["type"] in ("extra_forbidden", "missing") or error["loc"][-1:] == ("[key]",)


def _flaw(root: Node, schema: Schema, error: ErrorDetails) -> Flaw:
    location = tuple(error["loc"])
    part = part_of(schema, location)
    if error["type"] == "value_error":
        expected = error["msg"].removeprefix("Value error, ")
    else:
        expected = error["msg"] if part is None else in_words(schema, part)
    return Flaw(line_of(root, location), _dotted(location), in_file(root, location), expected)


def _other_key(known: tuple[str, ...], name: str) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    text = f"one of {', '.join(known)}"
    return f"{text} (did you mean {near[0]}?)" if near else text


def _dotted(location: Steps[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step, _LONGEST)}" for step in location)
    return text.lstrip(".") or "file"
