"""Waiting until a commit is live: shared by ``wait`` and ``rehearse``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.cli.errors import Unhealthy
from reconciler.cli.output import Progress, duration, short
from reconciler.model.errors import Transient, Waiting
from reconciler.model.reason import ConditionType, Health, Phase, Reason

if TYPE_CHECKING:
    from reconciler.model.state import Applied, EnvironmentState
    from reconciler.ports import Clock, EnvironmentRepo, StateStore

_POLL_SECONDS = 1.0
_GRACE = timedelta(seconds=20)
"""A verdict from before we looked may be about to change: something was sealed, a tick asked for."""


@dataclass
class LiveWatch:
    """Looks at one environment until it runs a commit, or one that contains it."""

    repo: EnvironmentRepo
    store: StateStore
    clock: Clock
    name: str
    revision: str
    _holds: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def until_live(self, timeout: timedelta, progress: Progress) -> EnvironmentState:
        """The state with the commit live. ``Unhealthy`` if it is judged bad, ``Waiting`` on timeout."""
        stale = self._verdict(self.store.load(self.name))
        while True:
            state = self.store.load(self.name)
            if self._live(state):
                self._check_on_branch(state)
                return state
            now, verdict = self.clock.now(), self._verdict(state)
            if verdict is not None and (verdict != stale or now - self.began >= _GRACE):
                raise Unhealthy(verdict, f"See `reconciler events {self.name}`.")
            self._check_time(state, now, timeout)
            progress(self._told(state))
            self.clock.sleep(_POLL_SECONDS)

    def _check_time(self, state: EnvironmentState, now: datetime, timeout: timedelta) -> None:
        if now - self.began >= timeout:
            raise Waiting(
                f"Not yet after {duration(timeout)}: {self._told(state)}",
                until=now,
                reason=Reason.PROGRESSING,
                remedy=f"It goes on without you: wait again, or see `reconciler explain {self.name}`.",
            )

    def _live(self, state: EnvironmentState) -> bool:
        """Also if only its pointer is, as of a rollback whose other rules wait for people."""
        applied = state.applied
        if applied is None or state.health is not Health.HEALTHY:
            return False
        return self._says(applied)

    def _says(self, one: Applied) -> bool:
        """Is what we wait for part of what is in force?"""
        return any(self._contains(commit) for commit in (one.revision, one.pointer_of) if commit is not None)

    def rules_wait(self, state: EnvironmentState) -> str | None:
        """What the rules that came with it wait for; None if they are in force."""
        admitted = state.conditions.get(ConditionType.ADMITTED)
        if state.applied is None or self._contains(state.applied.revision) or admitted is None:
            return None
        return admitted.message

    def _check_on_branch(self, state: EnvironmentState) -> None:
        """A tip that was set back is part of what is live, but what is live is no longer asked for."""
        live = state.applied.revision if state.applied is not None else self.revision
        tip = self.repo.tip()
        if live != tip and not self.repo.is_ancestor(live, tip):
            raise Unhealthy(
                f"{self.name} runs {short(live)}, which the branch no longer holds: it was set back to "
                f"{short(tip)}.",
                f"`reconciler status {self.name}` says what to do; nothing follows the branch until then.",
            )

    def _verdict(self, state: EnvironmentState) -> str | None:
        """Why the commit, or one on top of it, was judged bad; None if it was not."""
        operation, stalled = state.operation, state.conditions.get(ConditionType.STALLED)
        if operation and operation.phase is Phase.FAILED and self._contains(operation.revision):
            return f"Commit {short(operation.revision)} failed in {self.name}: {operation.message}"
        if (
            stalled
            and stalled.status
            and stalled.observed_revision
            and self._contains(stalled.observed_revision)
        ):
            return f"{self.name} is stalled ({stalled.reason.value}): {stalled.message}"
        return self._judged_bad(state)

    def _judged_bad(self, state: EnvironmentState) -> str | None:
        """What is wrong with the release that the commit asks for, where it was looked at since it runs."""
        from reconciler.model.watch import Judgement

        watch, accepted = state.watch, state.accepted
        if watch is None or accepted is None or watch.outcome is not Judgement.FAILED:
            return None
        if watch.release != accepted.release or not self._says(accepted):
            return None
        baked = state.conditions.get(ConditionType.BAKED)
        return f"{self.name} is not well. {baked.message if baked is not None else watch.release}"

    def _contains(self, revision: str) -> bool:
        """Is what we wait for part of a commit? Each commit is asked for once; not answered is not yet."""
        if revision not in self._holds:
            try:
                self._holds[revision] = revision == self.revision or self.repo.is_ancestor(
                    self.revision, revision
                )
            except Transient:
                return False
        return self._holds[revision]

    def _told(self, state: EnvironmentState) -> str:
        operation, admitted = state.operation, state.conditions.get(ConditionType.ADMITTED)
        ours = operation is not None and self._contains(operation.revision)
        if operation is not None and ours and operation.finished_at is None:
            return f"{self.name}: {operation.phase.value}, {state.health.value}: {operation.message}"
        if admitted and admitted.status is False and self._contains(admitted.observed_revision or ""):
            return f"{self.name}: {admitted.message}"
        if operation is None or not ours:
            return f"{self.name}: waiting for {short(self.revision)} to be looked at"
        return f"{self.name}: {operation.phase.value}, {state.health.value}: {operation.message}"
