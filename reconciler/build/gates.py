"""The checks that a component has to pass to become an artifact. Called by packaging.

Each is a pure function of the files; it finds what would fail later, where it is harder to see. Never
imports or runs the code it judges: that is sealing's part.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from reconciler.model.component import Component

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Gate:
    """A named check: ``find`` gives one line per problem (``file:line: what``), ``remedy`` what to do."""

    name: str
    find: Callable[[Files], Iterator[str]]
    remedy: str


def gates(component: Component) -> Sequence[Gate]:
    """The gates of a component, in the order in which they are run."""
    return (DBT_PROJECT, NO_DBT_PACKAGE) if component is Component.DBT else (COMPILES, TRAVELS, FREE_NAMES)


def _trees(files: Files) -> Iterator[tuple[str, ast.Module | str]]:
    for path, body in files.items():
        if path.endswith(".py"):
            yield path, _tree(path, body)


def _tree(path: str, body: bytes) -> ast.Module | str:
    """The file's syntax tree, or its problem."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(body, path)
            compile(tree, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{path}:{error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{path}:1: {error or type(error).__name__}"
    return tree


def _compiles(files: Files) -> Iterator[str]:
    return (tree for _, tree in _trees(files) if isinstance(tree, str))


_NEEDS_INSTALLING = {
    "AirflowPlugin": "a plugin",
    "Timetable": "a timetable",
    "BaseTrigger": "a trigger",
    "BaseEventTrigger": "a trigger",
}


def _travels(files: Files) -> Iterator[str]:
    for path, tree in _trees(files):
        if isinstance(tree, str):
            continue
        names = _imported_names(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                kinds = filter(None, (_installed_kind(_dotted(base, names)) for base in node.bases))
                yield from (f"{path}:{node.lineno}: class {node.name} is {kind}" for kind in kinds)
            elif isinstance(node, ast.FunctionDef) and any(
                _dotted(mark, names).startswith("airflow.listeners.") for mark in node.decorator_list
            ):
                yield f"{path}:{node.lineno}: function {node.name} is a listener"


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name → what it was imported as, for every import of the file."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom):
            names.update({a.asname or a.name: f"{node.module or ''}.{a.name}" for a in node.names})
    return names


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=attr):
            return f"{_dotted(value, names)}.{attr}"
        case ast.Subscript(value=value) | ast.Call(func=value):
            return _dotted(value, names)
        case _:
            return ""


def _installed_kind(base: str) -> str | None:
    last = base.rpartition(".")[2]
    if base.startswith("airflow.") and last.endswith("Timetable"):
        return "a timetable"
    if base.startswith("airflow.") and last.endswith("Trigger"):
        return "a trigger"
    return _NEEDS_INSTALLING.get(last)


_OURS = "_reconciler_loader_v1"


def _free_names(files: Files) -> Iterator[str]:
    for path in files:
        top = path.split("/")[1]
        if top.removesuffix(".py") == _OURS or top == "_releases":
            yield f"{path}:1: this name is the reconciler's own in Airflow's DAG folder"


def _dbt_project(files: Files) -> Iterator[str]:
    path = "dbt/dbt_project.yml"
    if path not in files:
        yield f"{path}:1: the file is missing"
        return
    try:
        content = yaml.safe_load(files[path])
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield f"{path}:{line}: {error.problem}"
    except (yaml.YAMLError, UnicodeError) as error:
        yield f"{path}:1: {error}"
    else:
        if not isinstance(content, dict) or "name" not in content:
            yield f"{path}:1: it does not say the project's `name`"


def _no_dbt_package(files: Files) -> Iterator[str]:
    if "dbt/__init__.py" in files:
        yield "dbt/__init__.py:1: it makes this folder hide the installed package `dbt`"


COMPILES = Gate("python-compiles", _compiles, "Correct the syntax.")
TRAVELS = Gate(
    "travels-with-a-release",
    _travels,
    "Airflow imports plugins, timetables, triggers and listeners by path from installed packages, so they "
    "cannot travel in a release: move them to the environment's own plugins, which are updated separately.",
)
FREE_NAMES = Gate("names-are-free", _free_names, "Rename the file.")
DBT_PROJECT = Gate(
    "dbt-project", _dbt_project, "A dbt component needs a dbt_project.yml (docs.getdbt.com/reference)."
)
NO_DBT_PACKAGE = Gate("dbt-is-no-package", _no_dbt_package, "Delete the file.")
