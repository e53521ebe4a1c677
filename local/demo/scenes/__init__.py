"""The scenes in the order in which they are told. Each is a file: what is done, and the checks it makes."""

from __future__ import annotations

from local.demo.scenes import (
    broken_commits,
    broken_version,
    bump,
    first_deployment,
    hand_edit,
    revert,
    unsigned,
    webhooks,
)
from local.demo.scenes.scene import Scene

SCENES: tuple[Scene, ...] = (
    first_deployment.SCENE,
    bump.SCENE,
    revert.SCENE,
    hand_edit.SCENE,
    broken_version.SCENE,
    webhooks.SCENE,
    broken_commits.SCENE,
    unsigned.SCENE,
)
