"""Reads one file of configuration: bounded YAML, validated by the models, errors that say where and what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from lib.factory.model import TEMPLATES, Config

MAX_BYTES = 64 * 1024
MAX_DEPTH = 10
_DAG_ID = re.compile(r"[a-z][a-z0-9_]{0,37}")
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)

Keys = tuple[str | int, ...]
Lines = dict[Keys, int]
"""The line, from 1, of each key and list item, by the keys that lead to it."""


class ConfigError(Exception):
    """A configuration that makes no DAG. The message has a line per problem: file, line, key, expected."""


def read_config(file: Path) -> Config:
    """The configuration of the DAG that the file is named after. Raises ConfigError."""
    name = f"{file.parent.name}/{file.name}"
    if not _DAG_ID.fullmatch(file.stem):
        raise ConfigError(
            f"{name}: a dag_id has at most 38 characters: lower case letters, digits and _, a letter first"
        )
    lines: Lines = {}
    try:
        values = _plain(_parsed(_text(file)), (), lines)
    except _Unreadable as error:
        raise ConfigError(f"{name}:{error.line}: {error}") from None
    try:
        return _ADAPTER.validate_python(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_problems(name, error, lines))) from None


class _Unreadable(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            body = opened.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise _Unreadable(1, f"expected at most {MAX_BYTES // 1024} KB")
        return body.decode()
    except OSError as error:
        raise _Unreadable(1, f"expected a file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _Unreadable(1, "expected UTF-8") from None


def _parsed(text: str) -> yaml.Node:
    try:
        # Events first: an alias is refused before anything is built of it, and so is what is too deep.
        _bounded(yaml.parse(text, _LOADER))
        node = yaml.compose(text, _LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise _Unreadable(line, f"expected YAML: {getattr(error, 'problem', error)}") from None
    if node is None:
        raise _Unreadable(1, "expected keys and values, found nothing")
    return node


def _bounded(events: Iterator[yaml.Event]) -> None:
    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Unreadable(line, "expected no anchors and aliases")
        if getattr(event, "tag", None):
            raise _Unreadable(line, "expected no tags")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _Unreadable(line, f"expected at most {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _plain(node: yaml.Node, at: Keys, lines: Lines) -> Any:
    """Values of the node; dates and the like stay text."""
    line = node.start_mark.line + 1
    lines.setdefault(at, line)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, number), lines) for number, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        if node.tag not in _PLAIN or node.tag.endswith(":str"):
            return node.value
        return yaml.safe_load(node.value) if node.value else None
    found: dict[str, Any] = {}
    for key_node, value in node.value:
        key, key_line = key_node.value, key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag.endswith(":merge"):
            raise _Unreadable(key_line, "expected a plain key")
        if key in found:
            raise _Unreadable(key_line, f"{key}: expected once, found again")
        lines[*at, key] = key_line
        found[key] = _plain(value, (*at, key), lines)
    return found


def _problems(name: str, error: ValidationError, lines: Lines) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        # pydantic puts the template's name, and names of other alternatives, among the keys.
        keys = [part for part in problem["loc"] if part not in TEMPLATES]
        at = tuple(keys)
        while at not in lines:
            at = at[:-1]
        where = ".".join(map(str, keys)) or "template"
        yield f"{name}:{lines[at]}: {where}: {_expected(problem)}"


def _expected(problem: Any) -> str:
    kind, found = problem["type"], problem.get("input")
    if kind == "extra_forbidden":
        return "expected no such key"
    if kind == "missing":
        return "expected this key, it is missing"
    if kind.startswith("union_tag"):
        return f"expected one of {', '.join(TEMPLATES)}"
    text = problem["msg"].removeprefix("Value error, ").removeprefix("Input should ")
    text = text if text.startswith("expected") else f"expected to {text}"
    return text if isinstance(found, (dict, list)) else f"{text}, found {str(found)[:80]!r}"
