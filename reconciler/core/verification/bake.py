"""When a release counts as good: Stable after minutes and runs, Verified when every changed DAG has run."""

from __future__ import annotations

from reconciler.core.narrative import names
from reconciler.core.rollback import quarantined
from reconciler.core.verification.awaiting import awaited
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName, Weight
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Judgement, Stable, Tally, Watch

STABLE_KEPT = 20
"""Stable releases that are remembered."""

EARLY = (SignalName.DAGS_PRESENT, SignalName.DAGS_PARSED, SignalName.IMPORT_ERRORS)
"""Signals that need no run: where they are on, they have to be good, not merely open."""


def ran(scene: Scene) -> dict[str, int]:
    """Of each changed DAG, how many runs ended well since; never fewer than were seen before."""
    known = scene.watch.ran
    if scene.evidence.runs is None:
        return known
    return {
        dag_id: max(known.get(dag_id, 0), sum(run.state == "success" for run in scene.runs_since(dag_id)))
        for dag_id in scene.touched
    }


def outcome(watch: Watch) -> Judgement:
    """What all signals of severity error come to."""
    outcomes = {tally.outcome for tally in _errors(watch)}
    for one in (Judgement.FAILED, Judgement.ERROR, Judgement.SUCCEEDED):
        if one in outcomes:
            return one
    return Judgement.INCONCLUSIVE


def failed(watch: Watch | None) -> tuple[str, ...] | None:
    """The signals by which what is watched is judged Failed; None: it is not."""
    if watch is None or watch.outcome is not Judgement.FAILED:
        return None
    return tuple(
        name.value
        for name, tally in watch.tallies.items()
        if tally.severity is Weight.ERROR and tally.outcome is Judgement.FAILED
    )


def obstacles(scene: Scene, watch: Watch) -> tuple[str, ...]:
    """What keeps a release from being Stable, a phrase each; nothing: it is."""
    bake = scene.health.bake
    if watch.live_at is None:
        return ("not all of it is live yet",)
    if watch.release in unwanted(scene.state):
        return ("it was taken back",)
    found = [*_signals(scene, watch)]
    well = max(filter(None, (watch.live_at, watch.recovered_at)))
    minutes = (scene.at - well).total_seconds() / 60
    if minutes < bake.minutes:
        found.append(f"{minutes:.0f} of {bake.minutes:g} minutes are over")
    if waiting := awaited(scene, watch):
        ready = len(scene.touched) - len(waiting)
        found.append(
            f"{ready} of {len(scene.touched)} changed DAGs have run well; awaited: {names(waiting, 3)}"
        )
    return tuple(found)


def _signals(scene: Scene, watch: Watch) -> list[str]:
    found, errors = list[str](), _errors(watch)
    if not any(tally.outcome is Judgement.SUCCEEDED for tally in errors) and errors:
        found.append("there is not enough to judge it by")
    for name, tally in watch.tallies.items():
        # What is not the release's doing only warns, and yet nobody can tell by it now.
        if scene.spec(name).severity is not Weight.ERROR or tally.last is None:
            continue
        failing = tally.outcome is Judgement.FAILED or tally.last.outcome is Judgement.FAILED
        lost = tally.outcome is Judgement.ERROR or tally.last.outcome is Judgement.ERROR
        doubt = tally.last.outcome is Judgement.INCONCLUSIVE and tally.last.dags
        early = name in EARLY and name not in watch.known and tally.outcome is not Judgement.SUCCEEDED
        if failing or lost or doubt or early:
            found.append(f"{name}: {tally.last.message.rstrip('.')}")
    on = (name for name in EARLY if scene.spec(name).severity is Weight.ERROR)
    return [*found, *(f"{name} was not looked at yet" for name in on if name not in watch.tallies)]


def verified(scene: Scene, watch: Watch) -> bool:
    """Has every changed DAG run well?"""
    least = max(scene.health.bake.runs, 1)
    well = watch.outcome is not Judgement.FAILED
    return well and all(watch.ran.get(dag_id, 0) >= least for dag_id in scene.touched)


def stable_list(state: EnvironmentState, watch: Watch) -> tuple[Stable, ...]:
    """The Stable releases, newest first, with the one that is watched if it is, without those taken back."""
    known = [one for one in state.stable if one.release not in unwanted(state)]
    if watch.stable_at is not None and watch.release not in unwanted(state):
        own = Stable(
            release=watch.release,
            revision=watch.revision,
            at=watch.stable_at,
            verified_at=watch.verified_at,
        )
        known = [own, *(one for one in known if one.release != watch.release)]
    return tuple(known[:STABLE_KEPT])


def unwanted(state: EnvironmentState) -> frozenset[str]:
    """The releases that were rolled back, or are quarantined."""
    return state.condemned | quarantined(state)


def _errors(watch: Watch) -> list[Tally]:
    return [tally for tally in watch.tallies.values() if tally.severity is Weight.ERROR]
