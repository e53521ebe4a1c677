"""An environment that asks for approval, and people who give it."""

from __future__ import annotations

from reconciler.adapters.git_rules import Identity
from reconciler.core.approvals import tag_message, tag_name
from reconciler.engine.admission import proposed
from reconciler.engine.desired import at_revision
from reconciler.engine.world import Outcome
from tests.engine.scene import ENVIRONMENT_YAML, RECONCILER_YAML, Scene
from tests.signers import signers

ANA, BEN = Identity("Ana", "ana@example.com"), Identity("Ben", "ben@example.com")
ROLES = b"roles:\n  release-manager: [ana@example.com, ben@example.com]\n  on-call: [dan@example.com]\n"
ASKS = b"policy:\n  approval: {required: 1, from: [release-manager], breakGlass: [on-call], validHours: 24}\n"


def live() -> Scene:
    """1.0.0 is live where one approval is asked for; 1.1.0 is published on top of it."""
    scene = Scene()
    scene.shared = RECONCILER_YAML + ROLES
    scene.environment = ENVIRONMENT_YAML + ASKS
    scene.signers = signers("ana@example.com", "ben@example.com", "dan@example.com")
    scene.publish("1.0.0", {"one": "a", "two": "b"})
    scene.push("1.0.0")
    approve(scene, by=BEN.email)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.publish("1.1.0", {"one": "A", "two": "b"}, parent="1.0.0")
    return scene


def approve(
    scene: Scene, commit: str | None = None, by: str = BEN.email, break_glass: str | None = None
) -> None:
    """Somebody signs for what a commit (default: the tip) asks for."""
    sha = commit or scene.repo.tip()
    change = proposed(scene.state, at_revision(scene.world, scene.state, sha))
    scene.repo.sign(tag_name("dev", sha, by), sha, tag_message(change, sha, break_glass), by)
