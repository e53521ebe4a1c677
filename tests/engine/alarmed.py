"""An environment whose newest release is being baked, and an alarm about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.adapters.git_rules import Identity
from reconciler.adapters.memory import MemoryAlarms, MemoryReverter, MemoryTickQueue
from reconciler.core.declarations import parse_desired
from reconciler.engine.reverting import heard, look_again
from reconciler.engine.world import Lookout, Outcome
from reconciler.model.alarm import AlarmChange, AlarmValue
from reconciler.model.environment import Desired
from reconciler.model.event import Event
from reconciler.model.observation import Commit
from reconciler.model.reason import Reason, Suppressed, TriggeredBy
from reconciler.model.release import ReleaseManifest
from reconciler.model.state import Changes
from reconciler.model.watch import Revert, Stable, Watch
from tests.engine.scene import RECONCILER_YAML, Scene
from tests.signers import signers

ANA = Identity("Ana", "ana@example.com", "ana@example.com")
REVERTER = Identity("Reverter", "reverter@example.com", "reverter@example.com")
STACK, ALARM = "platform", "platform-dev"
KNOWN = RECONCILER_YAML + b"reverter: reverter@example.com\n"
KEYS = signers("ana@example.com", "ben@example.com", "reverter@example.com")
GOOD, BAD = {"one": "a", "two": "b"}, {"one": "A", "two": "b"}


@dataclass
class Alarmed:
    """1.0.0 is Stable in dev; 1.1.0 came after it, is live, and is watched since. The alarm is OK so far."""

    scene: Scene = field(default_factory=lambda: Scene(shared=KNOWN, signers=KEYS))

    def __post_init__(self) -> None:
        scene = self.scene
        self.alarms, self.queue = MemoryAlarms(scene.clock), MemoryTickQueue(scene.clock)
        self.reverter = MemoryReverter(scene.repo, REVERTER)
        self.alarms.turn(ALARM, AlarmValue.OK)
        self.good = self._deploy("1.0.0", GOOD)
        self.stable_is("1.0.0")
        scene.clock.advance(3600)
        self.begun_at = scene.clock.now()
        self.bad = self._deploy("1.1.0", BAD)
        self.watch()
        scene.clock.advance(600)

    def _deploy(self, version: str, dags: dict[str, str]) -> ReleaseManifest:
        scene, before = self.scene, self.scene.state.accepted
        parent = next(iter(before.desired.pointer.components.values())).version if before else None
        release = scene.publish(version, dags, parent=parent)
        self.blamed = scene.push(version, by=ANA)
        assert scene.tick().outcome is Outcome.APPLIED
        return release

    def remember(self, **update: Any) -> None:
        """Change what is remembered, as those do who own it."""
        store = self.scene.store
        lease = store.acquire("dev", "test", 60)
        store.commit(lease, Changes(state=store.load("dev").model_copy(update=update)))
        store.release(lease)

    def stable_is(self, *versions: str) -> None:
        """What is accepted now is Stable, besides what was before."""
        accepted = self.scene.state.accepted
        assert accepted is not None
        assert versions
        one = Stable(release=accepted.release, revision=accepted.revision, at=self.scene.clock.now())
        self.remember(stable=(one, *self.scene.state.stable))

    def watch(self, **update: Any) -> None:
        """The accepted release is watched, and was seen to fail."""
        accepted, operation = self.scene.state.accepted, self.scene.state.operation
        assert accepted is not None
        assert operation is not None
        watch = Watch(
            release=accepted.release,
            revision=accepted.revision,
            attempt=operation.attempt,
            begun_at=self.begun_at,
            live_at=self.scene.clock.now(),
            failed_at=self.scene.clock.now(),
            touched={"one": self.begun_at},
        )
        self.remember(watch=watch.model_copy(update=update))

    def goes_off(self, name: str = ALARM, reason: str = "HealthFailed is 1") -> AlarmChange:
        """The alarm turns, and somebody is about to tell."""
        before = self.alarms.find(name)
        alarm = self.alarms.turn(name, AlarmValue.ALARM, reason)
        return AlarmChange(
            name=name,
            value=AlarmValue.ALARM,
            before=before.value if before else None,
            at=alarm.since,
            reason=reason,
        )

    def lookout(self, holder: str = "on-alarm", **parts: Any) -> Lookout:
        """What whoever acts on alarms works with."""
        known = Lookout(
            world=self.scene.world_of(holder),
            alarms=self.alarms,
            sources=_no_sources,
            queue=self.queue,
            reverter=self.reverter,
            stack=STACK,
        )
        return replace(known, **parts)

    def hear(self, change: AlarmChange | None = None, **parts: Any) -> str:
        """Somebody tells of the alarm that goes off."""
        return heard(self.lookout(**parts), change or self.goes_off())

    def look_again(self) -> str:
        """As each minute."""
        return look_again(self.lookout("check-health"), "dev")

    def tick(self) -> Outcome:
        """A tick that the revert asked for."""
        return self.scene.tick(TriggeredBy.ALARM).outcome

    @property
    def by_reverter(self) -> Sequence[Commit]:
        """The commits of the identity that reverts, newest first."""
        repo = self.scene.repo
        return [one for one in repo.log(repo.tip(), ".", 10_000) if one.author == str(REVERTER)]

    @property
    def tip(self) -> Desired:
        """What the tip says of dev."""
        return parse_desired(self.scene.repo.files(self.scene.repo.tip()), "dev")

    @property
    def revert(self) -> Revert | None:
        """The newest one that is remembered."""
        return next(iter(self.scene.state.reverts), None)

    def told(self, reason: Reason) -> list[Event]:
        """The events of one reason."""
        return [event for event in self.scene.events if event.reason is reason]

    def suppressed(self) -> list[str]:
        """The guards that said no, in order."""
        lines = (event.evidence[0] for event in self.told(Reason.ROLLBACK_SUPPRESSED))
        return [Suppressed(line.removeprefix("guard: ")).value for line in lines]


def _no_sources(_: object) -> Any:
    raise AssertionError("nobody asks for them here")
