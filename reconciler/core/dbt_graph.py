"""What a dbt node depends on inside its project, told from the project's files. Called by ``closure``.

Errs on the side of too much: what is not understood counts for every node. Never runs dbt. Names and rules
are those of dbt 1.11 (docs.getdbt.com/reference).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import yaml

from reconciler.core.identity import canonical, sha256

ROOT = "dbt"
PROJECT = f"{ROOT}/dbt_project.yml"
MANIFEST = f"{ROOT}/manifest.json"

# The same reader as dbt's own; libyaml's is ten times faster where there is a wheel.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REF = re.compile(r"\bref\(\s*(?:['\"]([\w.-]+)['\"]\s*,\s*)?['\"]([\w.-]+)['\"]")
_ANY_REF = re.compile(r"\bref\(")
_SOURCE = re.compile(r"\bsource\(\s*['\"]([\w.-]+)['\"]")
_ANY_SOURCE = re.compile(r"\bsource\(")
_SNAPSHOT = re.compile(r"\{%-?\s*snapshot\s+(\w+)")
_FOLDERS = {
    "model-paths": ("models",),
    "seed-paths": ("seeds",),
    "snapshot-paths": ("snapshots",),
    "test-paths": ("tests",),
}
_NODE_ENDINGS = {
    "model-paths": (".sql", ".py"),
    "seed-paths": (".csv",),
    "snapshot-paths": (".sql",),
    "test-paths": (".sql",),
}


@dataclass
class Node:
    """A model, seed or snapshot: its files and properties by digest, and the names it refers to.

    Not ``defined``: something describes it, but nothing in the project makes it.
    """

    defined: bool = False
    parts: dict[str, str] = field(default_factory=dict)
    refs: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    dynamic: bool = False


class DbtGraph:
    """The nodes of a project. ``files`` are a release's contents by path; others than dbt's are ignored."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {path: body for path, body in files.items() if path.startswith(f"{ROOT}/")}
        self.nodes: dict[str, Node] = {}
        self._sources: dict[str, dict[str, str]] = {}
        self._tests: list[Node] = []
        self._common: dict[str, str] = {}
        folders = self._folders()
        for path, body in self._files.items():
            self._add(path, body, _kind(path, folders))
        self._add_manifest()
        for name in [name for name, node in self.nodes.items() if not node.defined]:
            self._common |= self.nodes.pop(name).parts

    @cached_property
    def whole(self) -> dict[str, str]:
        """The one part that stands for everything in the project."""
        digests = {path: sha256(body) for path, body in self._files.items()}
        return {f"{ROOT}/**": sha256(canonical(digests))}

    def parts(self, name: str) -> dict[str, str]:
        """What one node's result depends on: itself, its ancestors, their sources and tests, the macros.

        ``KeyError`` if the project has no such node.
        """
        names = self._with_ancestors(name)
        selected = [self.nodes[each] for each in names]
        selected += [test for test in self._tests if test.refs & names or test.dynamic]
        if any(node.dynamic for node in selected):
            return self.whole
        parts = {f"{ROOT}/* shared": sha256(canonical(self._common))}
        for node in selected:
            parts |= node.parts
            for source in node.sources & self._sources.keys():
                parts |= self._sources[source]
        return parts

    def _with_ancestors(self, name: str) -> set[str]:
        self.nodes[name]  # an unknown name is the caller's to explain
        found: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += [known for ref in self.nodes[current].refs for known in self._known(ref)]
        return found

    def _known(self, ref: str) -> list[str]:
        """The nodes a ref may mean: one by that name, or the versions of a versioned model."""
        versions = re.compile(rf"{re.escape(ref)}(?:[_.]v\w+)?")
        return [ref] if ref in self.nodes else [name for name in self.nodes if versions.fullmatch(name)]

    def _folders(self) -> dict[str, tuple[str, ...]]:
        project = _yaml(self._files.get(PROJECT, b""))
        configured = project if isinstance(project, dict) else {}
        return {
            key: tuple(str(folder).strip("/") for folder in configured.get(key) or default)
            for key, default in _FOLDERS.items()
        }

    def _add(self, path: str, body: bytes, kind: str | None) -> None:
        if path == MANIFEST:
            return
        if path.endswith((".yml", ".yaml")) and path != PROJECT and kind:
            self._add_properties(path, body)
        elif kind is None or not path.endswith(_NODE_ENDINGS[kind]) or "/generic/" in path:
            # Macros, the project file, packages, profiles, docs, …
            self._common[path] = sha256(body)
        elif kind == "test-paths":
            self._tests.append(_read(path, body, Node()))
        else:
            for name in _names(path, body, kind):
                _read(path, body, self.nodes.setdefault(name, Node()))

    def _add_properties(self, path: str, body: bytes) -> None:
        """Split a properties file by what it describes, so that a new entry touches no other node."""
        content = _yaml(body)
        if not isinstance(content, dict):
            self._common[path] = sha256(body)
            return
        for section, entries in content.items():
            if section == "exposures":  # who reads the models changes nothing that is run
                continue
            for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
                name = entry.get("name", number) if isinstance(entry, dict) else number
                self._add_property(str(section), entry, f"{path}#{section}.{name}")

    def _add_property(self, section: str, entry: object, key: str) -> None:
        described = entry if isinstance(entry, dict) else {}
        name = str(described.get("model" if section == "unit_tests" else "name") or "")
        digest = sha256(repr(entry).encode())
        if section == "sources" and name:
            self._sources.setdefault(name, {})[key] = digest
        elif section in ("models", "seeds", "snapshots", "unit_tests") and name:
            node = self.nodes.setdefault(name, Node())
            node.parts[key] = digest
            _refer(repr(entry), node)
            # A snapshot may be defined by its properties alone.
            node.defined |= section == "snapshots" and "relation" in described
        else:
            self._common[key] = digest

    def _add_manifest(self) -> None:
        """Add the edges that dbt itself found, where the artifact carries them."""
        if MANIFEST not in self._files:
            return
        try:
            found = json.loads(self._files[MANIFEST]).get("nodes", {})
            edges = {
                node["name"]: [found[parent]["name"] for parent in parents if parent in found]
                for node in found.values()
                if (parents := node.get("depends_on", {}).get("nodes", [])) is not None
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            self._common[MANIFEST] = sha256(self._files[MANIFEST])
            return
        for name, parents in edges.items():
            if name in self.nodes:
                self.nodes[name].refs.update(parents)


def _yaml(body: bytes) -> object:
    try:
        return yaml.load(body, _LOADER)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, UnicodeError, ValueError):
        return None


def _kind(path: str, folders: Mapping[str, tuple[str, ...]]) -> str | None:
    inside = PurePosixPath(path).relative_to(ROOT)
    kinds = [kind for kind, names in folders.items() if any(inside.is_relative_to(name) for name in names)]
    return kinds[0] if kinds else None


def _names(path: str, body: bytes, kind: str) -> list[str]:
    snapshots = _SNAPSHOT.findall(body.decode("utf-8", errors="replace")) if kind == "snapshot-paths" else []
    return snapshots or [PurePosixPath(path).stem]


def _read(path: str, body: bytes, node: Node) -> Node:
    node.defined = True
    node.parts[path] = sha256(body)
    if not path.endswith(".csv"):
        _refer(body.decode("utf-8", errors="replace"), node)
    return node


def _refer(text: str, node: Node) -> None:
    refs, sources = _REF.findall(text), _SOURCE.findall(text)
    node.refs |= {name for _, name in refs}
    node.sources |= set(sources)
    # ref(var("x")): nobody can tell what that is before dbt runs.
    node.dynamic |= len(_ANY_REF.findall(text)) > len(refs) or len(_ANY_SOURCE.findall(text)) > len(sources)
