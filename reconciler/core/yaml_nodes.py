"""Reads YAML into plain nodes that know where they stand, refusing what a declaration never needs.

Called by `core.yaml_values` and `core.yaml_edit`. Bounded before anything is built: size, depth, one
document, UTF-8, no aliases, anchors, tags or duplicate keys. Scalars follow YAML 1.2, as editors do: `yes`,
`on` and `1:30` are text. Never constructs anything but nodes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

# libyaml's parser is ten times faster; the other one is for platforms without a wheel.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_PLAIN_ASCII = re.compile(r"[^\t\n\r\x20-\x7e]")
# Control, formatting (text direction), separators of lines, surrogates, private, unassigned characters.
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
# Longer digits are never a quantity here, but they may be a digest.
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}\.[0-9]{0,18}|[0-9]{1,18}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?"
)
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

MAX_QUOTED = 200
"""Characters of somebody's file that a message repeats at most."""

Plain = None | bool | int | float | str


@dataclass(frozen=True)
class Span:
    """Where something stands: line (from 1), and the characters `start` to `end` of the text."""

    line: int
    start: int
    end: int


@dataclass(frozen=True)
class Scalar:
    """Text, a number, true, false or null; `quote` is the quote sign that it is written with, or empty."""

    span: Span
    value: Plain
    quote: str = ""


@dataclass(frozen=True)
class Sequence:
    """A list."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Entry:
    """One key of a mapping with its value."""

    key: Span
    node: Node


@dataclass(frozen=True)
class Mapping:
    """Keys and values; `flow` if it is written with braces."""

    span: Span
    entries: dict[str, Entry]
    flow: bool


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one place of a file."""

    line: int
    key: str
    found: str
    expected: str

    def at(self, path: str) -> str:
        """The whole sentence: `path:line: key: found X, expected Y`."""
        key, found = (cut(text, MAX_QUOTED) for text in (self.key, self.found))
        return f"{path}:{self.line}: {key}: found {found}, expected {self.expected}"


class Unreadable(Exception):
    """The YAML could not be read at all; `flaws` says why."""

    def __init__(self, flaws: tuple[Flaw, ...]) -> None:
        super().__init__(str(flaws))
        self.flaws = flaws


def read(content: bytes) -> Node:
    """The root node of a YAML file of at most `MAX_BYTES` bytes. Raises Unreadable, and nothing else."""
    text = decode(content)
    reader = _Reader(text)
    try:
        root = reader.document()
    # ValueError: numbers in directives and escapes that are too large for Python.
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable((_syntax(error),)) from None
    if reader.flaws:
        raise Unreadable(tuple(reader.flaws))
    return root


def cut(text: str, most: int) -> str:
    """At most so many characters, with a mark where some are left out."""
    return text if len(text) <= most else f"{text[:most]}…"


def decode(content: bytes) -> str:
    """The text of a file. Raises Unreadable if it is too large, not UTF-8, or hides characters."""
    if len(content) > MAX_BYTES:
        raise _unreadable(1, f"{len(content)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(line, f"the byte 0x{content[error.start]:02x}", "text encoded as UTF-8") from None
    hidden = _hidden(text)
    if hidden is not None:
        raise _unreadable(text.count("\n", 0, hidden) + 1, _invisible(text[hidden]), "readable text")
    return text


def _hidden(text: str) -> int | None:
    """Where the first character stands that an editor would not show."""
    for match in _NOT_PLAIN_ASCII.finditer(text):
        if unicodedata.category(match.group()) in _HIDDEN:
            return match.start()
    return None


def _invisible(character: str) -> str:
    return f"the invisible character U+{ord(character):04X}"


def _unreadable(line: int, found: str, expected: str) -> Unreadable:
    return Unreadable((Flaw(line, "file", found, expected),))


def _syntax(error: Exception) -> Flaw:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "something that is not YAML"
    context = getattr(error, "context", None)
    detail = f"{problem} ({context})" if context else str(problem)
    line = mark.line + 1 if mark is not None else 1
    return Flaw(
        line, "file", f"a mistake in the YAML: {detail}", "valid YAML (indented with spaces, not tabs)"
    )


@dataclass
class _Reader:
    """Builds nodes from the parser's events; collects the flaws that do not keep it from reading on."""

    text: str
    flaws: list[Flaw] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(self.text, Loader=_LOADER))

    def document(self) -> Node:
        next(self._events)
        start = next(self._events)
        if not isinstance(start, yaml.DocumentStartEvent):
            raise _unreadable(1, "an empty file", "a YAML mapping")
        if start.version or start.tags:
            raise _unreadable(1, "a % directive", "a file without one")
        root = self._node(next(self._events), 1, "file")
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _unreadable(_span(after).line, "a second document (---)", "a single one")
        return root

    def _node(self, event: yaml.Event, depth: int, key: str) -> Node:
        span = _span(event)
        if depth > MAX_DEPTH:
            raise Unreadable((Flaw(span.line, "file", "deeper nesting", f"at most {MAX_DEPTH} levels"),))
        self._refuse_extras(event, span, key)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth, key)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(span, depth, key)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(span, _resolve(event), event.style if event.style in ("'", '"') else "")
        return Scalar(span, None)

    def _refuse_extras(self, event: yaml.Event, span: Span, key: str) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.flaws.append(Flaw(span.line, key, f"the alias *{event.anchor}", "the value itself"))
            return
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise TypeError(f"a node cannot begin with {event!r}")
        if isinstance(event, yaml.ScalarEvent) and (hidden := _hidden(event.value)) is not None:
            self.flaws.append(Flaw(span.line, key, _invisible(event.value[hidden]), "readable text"))
        if event.anchor is not None:
            self.flaws.append(
                Flaw(span.line, key, f"the anchor &{event.anchor}", "a value without an anchor")
            )
        if event.tag is not None:
            self.flaws.append(Flaw(span.line, key, f"the tag {event.tag}", "a value without a tag"))

    def _sequence(self, span: Span, depth: int, key: str) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1, f"{key}[{len(items)}]"))
        return Sequence(Span(span.line, span.start, _span(event).end), tuple(items))

    def _mapping(self, start: yaml.MappingStartEvent, depth: int, parent: str) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, name = _span(event), self._key(event, depth, parent)
            full = name if parent == "file" else f"{parent}.{name}"
            value = self._node(next(self._events), depth + 1, full)
            if name in entries:
                first = entries[name].key.line
                self.flaws.append(
                    Flaw(key.line, full, "the key a second time", f"it once (it is on line {first} too)")
                )
            else:
                entries[name] = Entry(key, value)
        span = _span(start)
        return Mapping(Span(span.line, span.start, _span(event).end), entries, bool(start.flow_style))

    def _key(self, event: yaml.Event, depth: int, parent: str) -> str:
        node = self._node(event, depth + 1, parent)
        if isinstance(node, Scalar) and isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if not isinstance(event, yaml.AliasEvent):
            self.flaws.append(
                Flaw(node.span.line, parent, "a key that is a list or mapping", "a word as key")
            )
        return f"(line {node.span.line})"


def _span(event: yaml.Event) -> Span:
    if event.start_mark is None or event.end_mark is None:
        raise TypeError("the parser marks every event")
    return Span(event.start_mark.line + 1, event.start_mark.index, event.end_mark.index)


def _resolve(event: yaml.ScalarEvent) -> Plain:
    text = str(event.value)
    return text if event.style else plain(text)


def plain(text: str) -> Plain:
    """What a text means that is written without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
