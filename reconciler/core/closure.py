"""What the behaviour of each DAG of a release depends on, for its fingerprint. Called by sealing.

A DAG depends on its file, on what that imports or was seen to read, and on the dbt nodes it declares by tags
``dbt:<model>``. Where it cannot be told, it depends: one flip too many is better than one too few. Never
parses with Airflow itself; it is given what such a parse saw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.core.dbt_graph import MANIFEST, DbtGraph
from reconciler.core.identity import canonical, sha256
from reconciler.core.python_imports import PythonFile, read_python, resolve
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.model.value import Value

UNATTRIBUTED = "dags/* not attributed"
"""The part that stands for all files that no DAG was seen to use; it counts for every DAG."""

_FILE_NAME = re.compile(r"[\w.-]+\.\w+")
_DBT_WORD = re.compile(r"\bdbt\b", re.IGNORECASE)


class ParsedDag(Value):
    """What parsing saw of one DAG: its file, its tags, and the release's files opened meanwhile.

    ``serialized`` is the JSON that Airflow gives its scheduler; empty where that could not be made.
    """

    file: str
    tags: tuple[str, ...] = ()
    serialized: str = ""
    reads: tuple[str, ...] = ()


Parts = dict[str, str]


def closure(files: Mapping[str, bytes], dags: Mapping[str, ParsedDag]) -> dict[str, Parts]:
    """Per DAG id, all that it depends on, as ``{path or dbt node: sha256}``.

    ``files`` are the release's contents by path. Raises ``Terminal`` for a tag that names no dbt node.
    """
    release = _Release(files)
    uses = {file: release.used_by(file, reads) for file, reads in _reads(dags).items()}
    shared = release.unattributed(set().union(*uses.values()))
    dbt = DbtGraph(files)
    problems: list[str] = []
    parts: dict[str, Parts] = {}
    for dag_id, dag in dags.items():
        own = uses[dag.file] - _told_by_tags(dag)
        parts[dag_id] = {path: sha256(files[path]) for path in own | release.named_by(own)}
        parts[dag_id] |= shared | _dbt_parts(dag_id, dag, dbt, problems)
        if _runs_dbt_untold(dag, own, release.sources):
            parts[dag_id] |= dbt.whole
    if problems:
        raise Terminal(
            "\n".join(problems),
            "Tag the DAG with the names of the dbt models it runs, or with `dbt:*` for all of them.",
            Reason.ARTIFACT_FAILED,
        )
    return parts


def _reads(dags: Mapping[str, ParsedDag]) -> dict[str, set[str]]:
    """Per DAG file, what parsing it read: DAGs of one file cannot be told apart."""
    reads: dict[str, set[str]] = {}
    for dag in dags.values():
        reads.setdefault(dag.file, set()).update(dag.reads)
    return reads


class _Release:
    """The files of a release, each looked into once."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {path: body for path, body in files.items() if path.startswith("dags/")}
        self._all = files.keys()
        self.sources = {
            path: read_python(path, body) for path, body in self._files.items() if path.endswith(".py")
        }
        self._by_name: dict[str, set[str]] = {}
        for path in self._files.keys() - self.sources.keys():
            self._by_name.setdefault(path.rpartition("/")[2], set()).add(path)
        self._names = {path: self._names_in(path) for path in self._files}

    def _names_in(self, path: str) -> frozenset[str]:
        source = self.sources.get(path)
        text = "\0".join(source.texts) if source else self._files[path].decode("utf-8", errors="ignore")
        return frozenset(_FILE_NAME.findall(text)) & self._by_name.keys()

    def used_by(self, file: str, reads: set[str]) -> set[str]:
        """A DAG file, what parsing it read, and what all that imports, wherever the import stands."""
        found = {file} | (reads & self._all)
        waiting = [path for path in found if path in self.sources]
        while waiting:
            importer = waiting.pop()
            for name in self.sources[importer].imports:
                imported = set(resolve(name, importer, self.sources.keys())) - found
                found |= imported
                waiting += imported
        return found

    def named_by(self, used: set[str]) -> set[str]:
        """Files whose name stands in those used: opened only when a task runs, or included by a template."""
        names = set().union(*(self._names.get(path, frozenset()) for path in used))
        return set().union(*(self._by_name[name] for name in names))

    def unattributed(self, used: set[str]) -> Parts:
        """One part for all files that nobody is seen to use."""
        rest = {path: sha256(body) for path, body in self._files.items() if path not in used}
        return {UNATTRIBUTED: sha256(canonical(rest))} if rest else {}


def _dbt_parts(dag_id: str, dag: ParsedDag, dbt: DbtGraph, problems: list[str]) -> Parts:
    parts: Parts = {}
    names = [tag.removeprefix("dbt:") for tag in dag.tags if tag.startswith("dbt:")]
    if "*" in names:
        return dbt.whole
    for name in names:
        if name in dbt.nodes:
            parts |= dbt.parts(name)
        else:
            problems.append(f"{dag.file}: DAG {dag_id} is tagged dbt:{name}, but no dbt model has that name.")
    return parts


def _told_by_tags(dag: ParsedDag) -> set[str]:
    """What parsing may read and a DAG does not depend on as a whole: of dbt's manifest, only on its nodes.

    A node that is new to its selection is new among its tags.
    """
    return {MANIFEST} if any(tag.startswith("dbt:") for tag in dag.tags) else set()


def _runs_dbt_untold(dag: ParsedDag, own: set[str], sources: Mapping[str, PythonFile]) -> bool:
    """Does a DAG that declares no dbt node read dbt's files, or speak of dbt?"""
    if any(tag.startswith("dbt:") for tag in dag.tags):
        return False
    if any(path.startswith("dbt/") for path in own):
        return True
    python = [sources[path] for path in own if path in sources]
    return any(
        any(_DBT_WORD.search(text) for text in source.texts)
        or any(name.split(".")[0] in ("dbt", "cosmos") for name in source.imports)
        for source in python
    )
