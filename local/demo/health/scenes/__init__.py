"""The scenes of the second story, in the order in which they are told."""

from local.demo.health.scenes import fails_at_run_time, stable_release
from local.demo.scenes.scene import Scene

SCENES: tuple[Scene, ...] = (
    stable_release.SCENE,
    fails_at_run_time.SCENE,
)
