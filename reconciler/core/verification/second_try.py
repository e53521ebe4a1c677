"""A second try before blame: one failed run of a DAG that runs seldom may be chance, and the next is far off.

A look asks for it, a tick clears the run (``core.trying_again``), and later looks judge how it ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.seen import EndedRun
from reconciler.model.watch import SecondTry

PATIENCE = timedelta(minutes=10)
"""What was not seen to move for so long, and is not in flight, is waited for no longer."""

DOUBTS = (SignalName.FAILED_RUNS, SignalName.DATA_TESTS)
"""Signals that wait for it: a run fails by its tests, too."""


def second_tries(scene: Scene, failed: Mapping[str, EndedRun]) -> dict[str, SecondTry]:
    """Those there are from this look on: what is in flight has moved, and these ``failed`` runs get one."""
    asked = {dag_id: SecondTry(first=run, moved_at=scene.at) for dag_id, run in failed.items()}
    return asked | {
        dag_id: known.model_copy(update={"moved_at": scene.at}) if _in_flight(scene, known) else known
        for dag_id, known in scene.watch.second_tries.items()
    }


def is_open(scene: Scene, dag_id: str) -> bool:
    """Is it still to be seen how the second try of a DAG's run ends? Not if a later run of it failed, too."""
    known = scene.watch.second_tries.get(dag_id)
    if known is None or known.refused:
        return False
    since, first = scene.runs_since(dag_id), known.first
    if _again(since, known) or any(run.state == "failed" and run.ended_at > first.ended_at for run in since):
        return False
    if scene.at - known.moved_at < PATIENCE:
        return True
    return not any(_is_it(run, known) for run in since) and _in_flight(scene, known) is not False


def outcomes(scene: Scene, dag_id: str) -> Sequence[EndedRun]:
    """The runs of a DAG since it changed; one that is being tried again failed, until it ends otherwise.

    So did one that is gone meanwhile: what nobody can see any more is not good.
    """
    name = SignalName.FAILED_RUNS
    since, known = scene.runs_since(dag_id, name), scene.watch.second_tries.get(dag_id)
    if known is None or any(_is_it(run, known) for run in scene.runs_since(dag_id)):
        return since
    counts = is_open(scene, dag_id) or known.first.ended_at >= scene.window(name)
    return [known.first, *since] if counts else since


def is_retried(scene: Scene, run: EndedRun) -> bool:
    """Is this the run of its DAG that is, or was, tried once more?"""
    known = scene.watch.second_tries.get(run.dag_id)
    return known is not None and _is_it(run, known)


def in_words(scene: Scene, dag_id: str) -> str:
    """What became of a DAG's second try, to end a line with; empty if it has none."""
    known = scene.watch.second_tries.get(dag_id)
    if known is None:
        return ""
    run, again = f"; {known.first.run_id}", _again(scene.runs_since(dag_id), known)
    if again is not None:
        return f"{run} {'failed' if again.state == 'failed' else 'ended well'} at its second try"
    if known.refused:
        return f"{run} was not tried once more: {known.refused}"
    return f"{run} {'is' if is_open(scene, dag_id) else 'was not seen to be'} tried once more"


def helped(scene: Scene) -> tuple[str, ...]:
    """The DAGs of which a run ended well at its second try."""
    found = list[str]()
    for dag_id, known in scene.watch.second_tries.items():
        again = _again(scene.runs_since(dag_id), known) if dag_id in scene.touched else None
        if again is not None and again.state == "success":
            found.append(dag_id)
    return tuple(found)


def _again(since: Sequence[EndedRun], known: SecondTry) -> EndedRun | None:
    """The run as it ended when it was tried again, whoever did that."""
    return next((run for run in since if _is_it(run, known) and run.ended_at != known.first.ended_at), None)


def _is_it(run: EndedRun, known: SecondTry) -> bool:
    return run.run_id == known.first.run_id


def _in_flight(scene: Scene, known: SecondTry) -> bool | None:
    """None: that could not be had."""
    if scene.evidence.in_flight is None:
        return None
    this = (known.first.dag_id, known.first.run_id)
    return any((run.dag_id, run.run_id) == this for run in scene.evidence.in_flight)
