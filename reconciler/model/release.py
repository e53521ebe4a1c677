"""A release: one combination of component artifacts, parsed and checked together, ready to run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from reconciler.model.artifact import Digest
from reconciler.model.component import Component
from reconciler.model.value import Value

ReleaseId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""16 hex digits over the canonical ``{component: digest}``."""

DagId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$")]
"""An Airflow dag_id that is also a safe file name; it never begins with a dot or a dash."""

Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""The digest of all that one DAG's behaviour depends on."""


class SealedDag(Value):
    """One DAG of a release: the file that defines it (path in the release) and its fingerprint.

    ``structure`` is what the scheduler applies to runs in flight, ``calendar`` when runs are due: from a
    place (``load.trigger_rule``) to its value, or to the value's digest if that is long. Places that have
    Airflow's default are left out. An empty ``structure`` is not known.
    """

    file: str
    fingerprint: Fingerprint
    depends_on: tuple[str, ...] = ()
    structure: dict[str, str] = {}
    calendar: dict[str, str] = {}


class Archive(Value):
    """The bytes of ``release.tar.gz``: digest and size in bytes."""

    sha256: Digest
    size: int = Field(ge=0)


class ReleaseManifest(Value):
    """What a release holds, and what parsing it with the target's Airflow found."""

    id: ReleaseId
    components: dict[Component, Digest]
    archive: Archive
    airflow_version: str
    python_version: str
    dags: dict[DagId, SealedDag]
