"""Words for the shell's completion: only what lies in the working folder, so that pressing Tab is quick."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.cli.dist import DIST

ENVIRONMENTS = Path("environments")


def complete_environment(incomplete: str) -> list[str]:
    """The environments declared in ``./environments``."""
    names = (path.parent.name for path in ENVIRONMENTS.glob("*/environment.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


def complete_quarantined(incomplete: str) -> list[str]:
    """The releases that ``./environments`` quarantines, in any environment."""
    said = (path.read_text(errors="replace") for path in ENVIRONMENTS.glob("*/holds.yaml"))
    found = {one for text in said for one in re.findall(r"[0-9a-f]{16}", text.partition("quarantine:")[2])}
    return sorted(release for release in found if release.startswith(incomplete))


def complete_version(incomplete: str) -> list[str]:
    """The versions that ``build`` left in ``./dist``, of any component."""
    versions = {path.parent.name.partition("-")[2] for path in DIST.glob("*/manifest.json")}
    return sorted(version for version in versions if version.startswith(incomplete))


def complete_version_of(component: str, incomplete: str) -> list[str]:
    """The versions of one component in ``./dist``."""
    versions = (
        path.parent.name.removeprefix(f"{component}-") for path in DIST.glob(f"{component}-*/manifest.json")
    )
    return sorted(version for version in versions if version.startswith(incomplete))
