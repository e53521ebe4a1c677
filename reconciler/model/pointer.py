"""The pointer: the small file per environment that says which version of each component runs there."""

from __future__ import annotations

from typing import Literal

from reconciler.model.artifact import Digest, Version
from reconciler.model.component import Component
from reconciler.model.value import Value


class ComponentPin(Value):
    """A component's version; the digest, where given, is verified."""

    version: Version
    digest: Digest | None = None


class Pointer(Value):
    """``environments/<env>/pointer.yaml``."""

    api_version: Literal["reconciler/v1"]
    kind: Literal["Pointer"]
    components: dict[Component, ComponentPin]
