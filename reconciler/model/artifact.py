"""An artifact: one component at one version, as immutable bytes and the manifest that describes them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from reconciler.model.component import Component
from reconciler.model.value import Value

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A sha256, in hexadecimal."""

Version = Annotated[
    str, StringConstraints(pattern=r"^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$", max_length=64)
]
"""A semantic version (https://semver.org), without a leading ``v``."""


class FileEntry(Value):
    """One file of an artifact: its path in the code repo, its content's digest and size in bytes."""

    path: str
    sha256: Digest
    size: int = Field(ge=0)


class GateResult(Value):
    """What a check of the build said."""

    name: str
    passed: bool
    message: str = ""


class Reversibility(StrEnum):
    """Can a migration be taken back?"""

    REVERSIBLE = "reversible"
    WITH_LOSS = "reversible-with-loss"
    IRREVERSIBLE = "irreversible"


class Migration(Value):
    """A change of the warehouse that comes with an artifact, by the name of its file."""

    name: str
    reversibility: Reversibility


class ArtifactManifest(Value):
    """What an artifact is and where it comes from.

    ``digest`` names the content alone (see ``core.identity.artifact_digest``): equal files give equal
    digests whoever built them. ``authors`` are everybody who authored or co-authored the commits since
    ``parent``, as ``Name <email>``. ``migrations`` are all that it holds, older ones too.
    """

    component: Component
    version: Version
    digest: Digest
    parent: Version | None = None
    commit: str
    authors: tuple[str, ...] = ()
    files: tuple[FileEntry, ...]
    tools: dict[str, str] = {}
    gates: tuple[GateResult, ...] = ()
    migrations: tuple[Migration, ...] = ()
