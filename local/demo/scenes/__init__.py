"""The scenes in the order in which they are told. Each is a file: what is done, and the checks it makes."""

from __future__ import annotations

from local.demo.scenes import (
    approval,
    breaks_there,
    broken_commits,
    broken_version,
    bump,
    first_deployment,
    graph,
    hand_edit,
    in_flight,
    kills,
    pin,
    promotion,
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
    in_flight.SCENE,
    graph.SCENE,
    breaks_there.SCENE,
    kills.SCENE,
    pin.SCENE,
    approval.SCENE,
    promotion.SCENE,
)
