"""One look at the alarms of an environment, under its lease: guards, intent, push, and what is told of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta

from reconciler.core import reversal
from reconciler.core.aftermath import failures
from reconciler.core.declarations import parse_desired
from reconciler.core.findings import News, event_of
from reconciler.core.gates.reverter import addresses_of
from reconciler.core.reversal import Ruling, Situation, Takeback
from reconciler.core.signers import still_valid
from reconciler.engine.desired import sealed
from reconciler.engine.session import Session
from reconciler.engine.way_back import WayBack, look_at_tip
from reconciler.engine.world import Lookout
from reconciler.model.alarm import AlarmChange
from reconciler.model.errors import Conflict, Terminal
from reconciler.model.reason import Suppressed
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import OpenAlarm, Revert, Watch

_TRIES = 5
"""So often is a branch caught up with that moves on under us; then it is a minute later."""

_ARRIVES = timedelta(minutes=5)
"""So long after a try that was not answered may a commit still come to the branch."""

_REMEMBERED, _MOST_BEHIND, _MOST_REVERTS, _MOST_COMMITS = 100, 20, 50, 50


@dataclass
class Reversion:
    """Acts on the alarms that wait, oldest first. ``pushed``: the commit that took a release back."""

    lookout: Lookout
    session: Session
    pushed: str | None = None
    _stuck: bool = False
    _refused: bool = False

    def hear(self, change: AlarmChange) -> None:
        """Remember an alarm that went off: from now on it is looked at until something is decided."""
        state, waiting = self.session.state, _waiting(self.session.state)
        known = {*state.heard, *(one.identity for one in waiting)}
        if reversal.is_copy(change, known):
            return
        alarm = OpenAlarm(
            name=change.name,
            reason=change.reason,
            turned_at=change.at,
            told_at=self.session.now,
            before=change.before,
        )
        if len(waiting) > _MOST_BEHIND:
            no = Ruling(why=Suppressed.TOO_MANY, message=f"{len(waiting)} alarms wait already.")
            self._commit(_closed(state, alarm), (no.news(state.environment, alarm),), _blamed(state))
            return
        self._commit(_with(state, (*waiting, alarm)))

    def run(self) -> str:
        """Decide about each alarm that waits, until one still has to. A line for the log."""
        told = list[str]()
        for alarm in _waiting(self.session.state):
            told.append(self._act(alarm))
            if self._stuck:
                break
        return " ".join(told) or "No alarm waits."

    def _act(self, alarm: OpenAlarm) -> str:
        for _ in range(_TRIES):
            try:
                done = self._try(alarm)
            except Terminal as error:
                # Somebody refuses us; a person has to help, or it passes like any failure.
                done = self._rule(alarm, reversal.later(str(error), Suppressed.CANNOT_COMMIT))
            if done is not None:
                return done
        self._stuck = True
        return f"The branch moves on too fast; {alarm.name} is looked at again in a minute."

    def _try(self, alarm: OpenAlarm) -> str | None:
        """Look at everything as it is now, and do what is left to do. None: the branch has moved on."""
        intent = self._intent
        if intent is not None and (known := self._found(intent)) is not None:
            return self._done(alarm, intent, known)
        found = self._plan(alarm, intent)
        if isinstance(found, Ruling):
            return self._rule(alarm, found)
        accepted = self.session.state.accepted
        if self.lookout.reverter is None or accepted is None:
            raise AssertionError("a guard asks for both")
        files, message = found.files, reversal.message(found)
        self._refused = False
        self._intend(found, intent)
        try:
            made = self.lookout.reverter.push(found.tip, files, message, accepted.desired.signers)
        except Conflict:
            # What was tried before was for an older tip: none of it can arrive any more.
            self._refused = True
            return None
        except Terminal:
            self._refused = True
            raise
        return self._done(alarm, found.intent, made.sha, found.irreversible)

    @property
    def _intent(self) -> Revert | None:
        """The revert that was written down and of which no commit is known."""
        return next((one for one in self.session.state.reverts[:1] if one.commit is None), None)

    def _found(self, intent: Revert) -> str | None:
        """The commit of an intended revert, if it came to be pushed: by what it says and who signed it."""
        world, state = self.lookout.world, self.session.state
        if state.accepted is None:
            return None
        name, in_force = state.environment, state.accepted.desired
        signers, reverter = still_valid(in_force.signers, self.session.now), addresses_of(in_force)
        paths = [f"{name}/pointer.yaml", f"{name}/holds.yaml"]
        since = world.repo.changes(intent.blamed, world.repo.tip(), paths, signers, newest=_MOST_COMMITS)
        ours = (one.sha for one in since if one.signer in reverter)
        return next((sha for sha in ours if self._says(sha, intent)), None)

    def _says(self, revision: str, intent: Revert) -> bool:
        world, name = self.lookout.world, self.session.state.environment
        with contextlib.suppress(Terminal):
            said = parse_desired(world.repo.files(revision), name)
            out = {one.release for one in said.holds.quarantine}
            return intent.release in out and sealed(world, said.pointer, name).id == intent.to
        return False

    def _plan(self, alarm: OpenAlarm, intent: Revert | None) -> Takeback | Ruling:
        """What takes the release under watch back, or why nothing does."""
        seen = self._situation(alarm, intent)
        ruling, watch = reversal.first_look(seen), seen.state.watch
        if ruling is not None or watch is None:
            return ruling or Ruling(why=Suppressed.NOTHING_WATCHED, message="")
        back = look_at_tip(self.lookout.world, seen.state, watch)
        return reversal.second_look(seen, watch, back.tip) or self._takeback(alarm, intent, back, watch)

    def _situation(self, alarm: OpenAlarm, intent: Revert | None) -> Situation:
        state, alarms = self.session.state, self.lookout.alarms
        watch, accepted = state.watch, state.accepted
        first = reversal.first_change(watch) if watch is not None else None
        return Situation(
            now=self.session.now,
            state=state,
            alarm=alarm,
            current=alarms.find(alarm.name),
            at_change=alarms.value_at(alarm.name, first) if first is not None else None,
            able=self.lookout.reverter is not None
            and accepted is not None
            and accepted.desired.reverter is not None,
            intended=intent,
            window=alarms.window(alarm.name) if watch and watch.failed_at is None else timedelta(),
        )

    def _takeback(self, alarm: OpenAlarm, intent: Revert | None, back: WayBack, watch: Watch) -> Takeback:
        name, target, bad = self.session.state.environment, back.tip.target, back.tip.release
        if target is None or bad is None:
            raise AssertionError("a guard asks for both")
        path = f"{name}/pointer.yaml"
        return Takeback(
            environment=name,
            tip=back.tip.revision,
            intent=Revert(
                alarm=alarm.name,
                blamed=self.lookout.world.repo.log(back.tip.revision, path, 1)[0].sha,
                release=bad,
                to=target.release,
                intended_at=intent.intended_at if intent is not None else self.session.now,
                tried_at=self.session.now,
                turned_at=alarm.turned_at,
            ),
            alarm=alarm,
            pointer=back.pointer,
            holds=back.holds,
            versions=back.versions,
            irreversible=back.tip.irreversible,
            dags=reversal.to_blame(watch, back.changed),
            failed=failures(watch),
        )

    def _intend(self, back: Takeback, before: Revert | None) -> None:
        """Before it is pushed, so that whoever comes after a crash knows to look for it."""
        if back.intent == before:
            return
        news = (reversal.intended(back),) if before is None else ()
        self._commit(_with_revert(self.session.state, back.intent), news, back.intent.blamed)

    def _done(self, alarm: OpenAlarm, intent: Revert, commit: str, stays: tuple[str, ...] = ()) -> str:
        known = intent.model_copy(update={"commit": commit})
        state = _closed(_with_revert(self.session.state, known), alarm)
        news = reversal.in_words(state.environment, known, alarm, stays)
        self._commit(state, (news,), commit)
        self.pushed = commit
        return news.message

    def _rule(self, alarm: OpenAlarm, ruling: Ruling) -> str:
        """Tell it once. What is decided for good takes an intent back, of which no commit was pushed."""
        state, now = self.session.state, self.session.now
        ruling = self._kept(ruling.at(now, alarm))
        news = ruling.news(state.environment, alarm)
        if ruling.waits:
            # One that is perhaps over keeps no other from its turn.
            self._stuck = ruling.why is not Suppressed.ALARM_OVER
            self._wait(alarm, ruling)
            return news.message
        without = state.reverts[1:] if self._intent is not None else state.reverts
        after = _closed(state.model_copy(update={"reverts": without}), alarm)
        self._commit(after, (news,), _blamed(state))
        return news.message

    def _kept(self, ruling: Ruling) -> Ruling:
        """While a commit may still arrive, nothing is decided for good: it would have no record."""
        intent = self._intent
        if ruling.waits or intent is None or self._refused:
            return ruling
        until = (intent.tried_at or intent.intended_at) + _ARRIVES
        if self.session.now >= until:
            return ruling
        return reversal.later(
            f"{ruling.message} A push of a commit that goes back was not answered: it may still arrive "
            f"until {until:%H:%M:%S} UTC."
        )

    def _wait(self, alarm: OpenAlarm, ruling: Ruling) -> None:
        """Tell what is waited for when it is news, and once when it takes long."""
        state, now = self.session.state, self.session.now
        late = alarm.late_at is None and now >= alarm.told_at + reversal.LATE
        if not late and not ruling.is_news(alarm):
            return
        update = {"waits_for": ruling.told, **({"late_at": now} if late else {})}
        news = ruling.late(state.environment, alarm) if late else ruling.news(state.environment, alarm)
        told = alarm.model_copy(update=update)
        waiting = tuple(told if one.identity == alarm.identity else one for one in _waiting(state))
        self._commit(_with(state, waiting), (news,), _blamed(state))

    def _commit(
        self, state: EnvironmentState, news: tuple[News, ...] = (), revision: str | None = None
    ) -> None:
        self.session.commit(state, events=[event_of(one, state, revision) for one in news])


def _blamed(state: EnvironmentState) -> str | None:
    """The commit that events are about."""
    return state.watch.revision if state.watch is not None else None


def _waiting(state: EnvironmentState) -> tuple[OpenAlarm, ...]:
    """The alarms that are not decided about, oldest first."""
    return (*([state.alarm] if state.alarm is not None else []), *state.behind)


def _with(state: EnvironmentState, waiting: tuple[OpenAlarm, ...]) -> EnvironmentState:
    return state.model_copy(update={"alarm": next(iter(waiting), None), "behind": waiting[1:]})


def _closed(state: EnvironmentState, alarm: OpenAlarm) -> EnvironmentState:
    """An alarm is decided about, and its copies are known for some time."""
    left = tuple(one for one in _waiting(state) if one.identity != alarm.identity)
    heard = (alarm.identity, *(one for one in state.heard if one != alarm.identity))[:_REMEMBERED]
    return _with(state, left).model_copy(update={"heard": heard})


def _with_revert(state: EnvironmentState, revert: Revert) -> EnvironmentState:
    """The newest revert; one that was only intended so far gives way to it."""
    older = state.reverts[1:] if any(one.commit is None for one in state.reverts[:1]) else state.reverts
    return state.model_copy(update={"reverts": (revert, *older)[:_MOST_REVERTS]})
