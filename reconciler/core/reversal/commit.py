"""The commit that takes a release back: its files, its message, and how it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.core.findings import News
from reconciler.core.holds_edit import with_more
from reconciler.core.narrative import versions as listed
from reconciler.model.health import Weight
from reconciler.model.holds import MOST_BLAMED, Hold, Quarantined
from reconciler.model.reason import Reason, Severity
from reconciler.model.watch import Judgement, OpenAlarm, Revert, Watch

WHO = "reconciler"
_WHY = 300


@dataclass(frozen=True)
class Takeback:
    """What takes a release back in one environment, on top of ``tip``.

    ``pointer``: the bytes of the file that named the release which is gone back to; ``holds``: those of
    ``holds.yaml`` at the tip, None if there is none. ``versions``: what the pointer names. ``dags``: those to
    blame. ``failed``: what was found wrong, a line each.
    """

    environment: str
    tip: str
    intent: Revert
    alarm: OpenAlarm
    pointer: bytes
    holds: bytes | None
    versions: Mapping[str, str]
    irreversible: tuple[str, ...] = ()
    dags: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """What failed, in a sentence or two; what the alarm says, where nothing is known to have failed."""
        said = self.alarm.reason or "it went off"
        text = (
            f"{'; '.join(one.rstrip('.') for one in self.failed)} (alarm {self.alarm.name})"
            if self.failed
            else f"{self.alarm.name}: {said}"
        )
        return text if len(text) <= _WHY else f"{text[: _WHY - 1]}…"

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the commit, by path in the environments folder."""
        intent = self.intent
        since = intent.intended_at.replace(microsecond=0)
        hold = Hold(by=WHO, since=since, reason=f"gone back to by an alarm. {self.why}", at=intent.to)
        bad = Quarantined(
            by=WHO,
            since=since,
            reason=f"it set off an alarm. {self.why}",
            release=intent.release,
            dags=self.dags or None,
        )
        return {
            f"{self.environment}/pointer.yaml": self.pointer,
            f"{self.environment}/holds.yaml": with_more(self.holds, hold, bad),
        }


def to_blame(watch: Watch, changed: Collection[str]) -> tuple[str, ...]:
    """Of the DAGs that a release changed, those that failed; where none is known to have, all of them.

    None at all, where that is more than a file may say.
    """
    ill = {
        dag_id
        for tally in watch.tallies.values()
        if tally.severity is Weight.ERROR and tally.outcome is Judgement.FAILED
        for one in (tally.worst or tally.last,)
        if one is not None
        for dag_id in one.dags
    }
    found = sorted(ill.intersection(changed) or changed)
    return tuple(found) if len(found) <= MOST_BLAMED else ()


def message(back: Takeback) -> str:
    """The commit's message; its trailers are for people and their tools: what it does is in its files."""
    intent = back.intent
    return "\n".join(
        [
            f"Revert {back.environment} to {listed(back.versions)}: {intent.alarm}",
            "",
            *back.failed,
            *([] if back.failed else [back.alarm.reason or "The alarm said no more."]),
            "",
            f"Reverts: {intent.blamed}",
            f"Quarantines: {intent.release}",
            f"Release: {intent.to}",
            f"Alarm: {intent.alarm}",
            f"Environment: {back.environment}",
            "",
        ]
    )


def intended(back: Takeback) -> News:
    """Told before it is pushed."""
    intent = back.intent
    return News(
        reason=Reason.REVERT_INTENDED,
        severity=Severity.WARNING,
        message=f"{intent.alarm} went off: {back.environment} goes back from release {intent.release} to "
        f"{intent.to} ({listed(back.versions)}), by a commit that is about to be pushed.",
        evidence=_evidence(intent, back.alarm),
    )


def in_words(environment: str, intent: Revert, alarm: OpenAlarm, irreversible: tuple[str, ...] = ()) -> News:
    """Told when the commit is on the branch."""
    stays = tuple(f"stays as it is, and cannot be taken back: {name}" for name in irreversible)
    return News(
        reason=Reason.REVERT_COMMITTED,
        severity=Severity.WARNING,
        message=f"Commit {str(intent.commit)[:10]} takes {environment} back from release {intent.release} to "
        f"{intent.to}, since {intent.alarm} went off. It is made live like any rollback; release "
        f"{intent.release} is quarantined, and {environment} held, until a person lifts the hold with "
        f'`reconciler release {environment} --reason "<why>"`; `git revert` of that commit would deploy '
        "the bad release again.",
        evidence=(*_evidence(intent, alarm), *stays),
    )


def _evidence(intent: Revert, alarm: OpenAlarm) -> tuple[str, ...]:
    return (
        f"alarm: {alarm.name}, since {alarm.turned_at:%Y-%m-%d %H:%M:%S} UTC",
        f"it says: {alarm.reason or 'nothing more'}",
        f"to blame: commit {intent.blamed}",
    )
