"""Changes versions in a pointer file and nothing else: comments, order and quoting stay as they are.

Called by promoting and rolling back, through `core.declarations`. Replaces the characters of the values
themselves rather than writing the file anew.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass

from reconciler.core.yaml_nodes import Mapping, Node, Scalar
from reconciler.core.yaml_values import parse
from reconciler.model.component import Component
from reconciler.model.pointer import Pointer


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def replace_versions(content: bytes, versions: Map[Component, str]) -> bytes:
    """The pointer file with these versions; the digest of a version that goes, goes with it.

    Raises Unreadable if the file is no valid pointer; KeyError for a component that it does not name.
    """
    pointer, root = parse(content, Pointer)
    text = content.decode("utf-8")
    edits: list[_Edit] = []
    for component, version in versions.items():
        if pointer.components[component].version != version:
            edits += _edits(text, _below(_below(root, "components"), component.value), version)
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text.encode("utf-8")


def _below(node: Node, key: str) -> Node:
    if not isinstance(node, Mapping):
        raise TypeError(f"a valid pointer has a mapping around {key}")
    return node.entries[key].node


def _edits(text: str, pin: Node, version: str) -> list[_Edit]:
    old = _below(pin, "version")
    if not (isinstance(pin, Mapping) and isinstance(old, Scalar)):
        raise TypeError("a valid pin is a mapping whose version is text")
    if pin.flow and "digest" in pin.entries:
        return [_Edit(pin.span.start, pin.span.end, f"{{version: {version}}}")]
    change = _Edit(old.span.start, old.span.end, f"{old.quote}{version}{old.quote}")
    return [change, *([_without_digest(text, pin)] if "digest" in pin.entries else [])]


def _without_digest(text: str, pin: Mapping) -> _Edit:
    """Remove the lines of `digest:`; where it is the first key on a line of its parent, only itself."""
    entry = pin.entries["digest"]
    start = text.rfind("\n", 0, entry.key.start) + 1
    end = text.find("\n", entry.node.span.end)
    return _Edit(start, len(text) if end < 0 else end + 1, "")
