"""The pointer: the small file per environment that says which version of each component runs there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.model.artifact import Digest, Version
from reconciler.model.component import Component
from reconciler.model.release import DagId
from reconciler.model.value import Value


class ComponentPin(Value):
    """A component's version; the digest, where given, is verified."""

    version: Version = Field(description="Published version of the component (semver).")
    digest: Digest | None = Field(
        default=None, description="The sha256 that this version must have; refused if it has another."
    )


class Pointer(Value):
    """``environments/<env>/pointer.yaml``."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of this file's format.")
    kind: Literal["Pointer"] = Field(description="What this file declares.")
    components: dict[Component, ComponentPin] = Field(description="What runs, by component; all are named.")
    loses_runs: tuple[DagId, ...] = Field(
        default=(), max_length=500, description="DAGs whose new schedule is meant to take runs away."
    )
