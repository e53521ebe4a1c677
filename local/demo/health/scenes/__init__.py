"""The scenes of the second story, in the order in which they are told."""

from local.demo.health.scenes import (
    copies,
    fails_at_run_time,
    gone_back,
    loses_a_dag,
    newer_commit,
    only_slow,
    red_before,
    stable_release,
    wrong_data,
)
from local.demo.scenes.scene import Scene

FIRST_SCENES: tuple[Scene, ...] = (stable_release.SCENE, fails_at_run_time.SCENE)

SCENES: tuple[Scene, ...] = (
    *FIRST_SCENES,
    red_before.SCENE,
    gone_back.SCENE,
    copies.SCENE,
    newer_commit.SCENE,
    only_slow.SCENE,
    loses_a_dag.SCENE,
)

DATA_SCENES: tuple[Scene, ...] = (stable_release.SCENE, wrong_data.SCENE)
"""With a warehouse."""
