"""The components of a release: each has a version of its own and a folder in the code repo."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath


class Component(StrEnum):
    """What is built, versioned and published on its own."""

    DAGS = "dags"
    LIBS = "libs"
    DBT = "dbt"

    @property
    def folder(self) -> str:
        """Where the component lives, in the code repo and in a release alike."""
        return "dags/lib" if self is Component.LIBS else self.value

    @property
    def excluded(self) -> tuple[str, ...]:
        """Folders inside ``folder`` that are not part of the component."""
        return _EXCLUDED[self]


# Inside a component's folder, but not part of it: a component of its own, or made by tools.
_EXCLUDED: dict[Component, tuple[str, ...]] = {
    Component.DAGS: ("dags/lib",),
    Component.LIBS: (),
    Component.DBT: ("dbt/migrations", "dbt/target", "dbt/logs", "dbt/dbt_packages"),
}


def component_of(path: str) -> Component | None:
    """The component that owns a file of the code repo (a relative POSIX path), or None."""
    parts = PurePosixPath(path)
    for component in Component:
        if parts.is_relative_to(component.folder) and not any(
            parts.is_relative_to(folder) for folder in _EXCLUDED[component]
        ):
            return component
    return None
