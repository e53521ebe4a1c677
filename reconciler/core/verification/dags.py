"""Are the DAGs there, parsed as they were deployed, and does every file import?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.core.narrative import names
from reconciler.core.pointer_file import SUPPORT_KEYS, pointer_key
from reconciler.core.verification.causes import is_dark, may_have_caused
from reconciler.core.verification.measuring import measured, unknown
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.observation import AirflowDag
from reconciler.model.watch import Judgement, Measurement

_MOST = 200
"""DAGs of which it is remembered since when they are gone."""


def dags_present(scene: Scene) -> Measurement:
    """Every DAG that is live has to be known to Airflow and active, once there was time to parse it."""
    name, seen = SignalName.DAGS_PRESENT, _seen(scene)
    if seen is None:
        return unknown(scene, name)
    expected, limit = _expected(scene), scene.spec(name).limit
    missing = _missing(scene, seen)
    own = [] if is_dark(scene) else [dag for dag in missing if _is_own(scene, dag)]
    # What is the release's doing is told by itself: for that alone it may be taken back.
    absent = own if len(own) > limit else missing
    if len(absent) > limit:
        lines = [
            f"{dag}: {'not known to Airflow' if dag not in seen else 'not active, no file defines it'}"
            for dag in absent
        ]
        message = (
            f"Airflow does not have {names(absent)}, which {'is' if len(absent) == 1 else 'are'} deployed."
        )
        return measured(
            name,
            Judgement.FAILED,
            message,
            value=len(absent),
            limit=limit,
            dags=absent,
            evidence=lines,
            beside=len(own) <= limit,
        )
    if not expected and scene.state.live:
        return measured(name, Judgement.INCONCLUSIVE, "Airflow is given time to parse.", limit=limit)
    message = f"Airflow has all {len(expected)} DAGs, and they are active."
    return measured(name, Judgement.SUCCEEDED, message, value=len(absent), limit=limit)


def lost(scene: Scene) -> dict[str, datetime]:
    """The DAGs that the release did not change and that Airflow does not have, each since that was seen."""
    seen, known = _seen(scene), scene.watch.lost
    if seen is None:
        return known
    gone = [dag for dag in _missing(scene, seen) if dag not in scene.touched]
    return {dag: known.get(dag, scene.at) for dag in gone[:_MOST]}


def dags_parsed(scene: Scene) -> Measurement:
    """Every changed DAG that is there has to carry its release, and to be parsed since it was flipped."""
    name, seen = SignalName.DAGS_PARSED, _seen(scene)
    if seen is None:
        return unknown(scene, name)
    limit, wrong, waiting = scene.spec(name).limit, dict[str, str](), list[str]()
    for dag_id, flipped in scene.touched.items():
        dag, expected = seen.get(dag_id), scene.state.live[dag_id].pointer.release
        stale = dag is not None and dag.last_parsed_at is not None and dag.last_parsed_at < flipped
        if dag is not None and dag.active and dag.release == expected and not stale:
            continue
        if _is_new(scene, dag_id):
            waiting.append(dag_id)
        elif dag is not None and dag.active:
            was = (
                f"parsed last at {dag.last_parsed_at:%H:%M:%S} UTC"
                if stale
                else f"on {dag.release or 'none'}"
            )
            wrong[dag_id] = f"{dag_id}: {was}, deployed as release {expected}"
    if len(wrong) > limit:
        message = f"Airflow does not run {names(sorted(wrong))} as deployed."
        lines = list(wrong.values())
        return measured(
            name, Judgement.FAILED, message, value=len(wrong), limit=limit, dags=wrong, evidence=lines
        )
    if waiting:
        message = f"Airflow is given time to parse {names(waiting)}."
        return measured(name, Judgement.INCONCLUSIVE, message, limit=limit)
    message = f"Airflow runs the {len(scene.touched)} changed DAGs as deployed."
    return measured(name, Judgement.SUCCEEDED, message, value=len(wrong), limit=limit)


def import_errors(scene: Scene) -> Measurement:
    """No file of ours may fail to import that did not before; files of others are not our release's doing.

    A DAG that was put back since it did not import counts, although its file imports again.
    """
    name, found = SignalName.IMPORT_ERRORS, scene.evidence.import_errors
    if found is None:
        return unknown(scene, name)
    ours = {pointer_key(dag): dag for dag in scene.state.live} | dict.fromkeys(SUPPORT_KEYS, "")
    limit, broken = scene.spec(name).limit, dict[str, str]()
    dags = set[str]()
    for problem in found:
        key = in_folder(problem.file)
        # What Airflow noted before the change, and has not parsed since, is not of the change.
        old = problem.at is not None and problem.at < scene.watch.begun_at
        if key in ours and problem.file not in scene.watch.errors_before and not old:
            broken[key] = f"{key}: {problem.message}"
            dags.add(ours[key] or key)
    for dag_id, rejected in scene.state.rejected.items():
        if rejected.release == scene.watch.release:
            broken[pointer_key(dag_id)] = f"{dag_id} was put back, for it did not import: {rejected.message}"
            dags.add(dag_id)
    if len(broken) > limit:
        message = f"{names(sorted(broken))} {'does' if len(broken) == 1 else 'do'} not import."
        lines = [broken[key] for key in sorted(broken)]
        return measured(
            name, Judgement.FAILED, message, value=len(broken), limit=limit, dags=dags, evidence=lines
        )
    message = "No file of the release fails to import that did not before."
    return measured(name, Judgement.SUCCEEDED, message, value=len(broken), limit=limit)


def in_folder(file: str) -> str:
    """A file's key. Airflow tells it below the DAG folder, or from the root: then only its name is sure."""
    return file.rsplit("/", 1)[-1] if file.startswith("/") else file


def _expected(scene: Scene) -> list[str]:
    return [dag for dag in sorted(scene.state.live) if not _is_new(scene, dag)]


def _missing(scene: Scene, seen: Mapping[str, AirflowDag]) -> list[str]:
    return [dag for dag in _expected(scene) if dag not in seen or not seen[dag].active]


def _is_own(scene: Scene, dag_id: str) -> bool:
    """May the release have lost a DAG: one that it changed, or one that went soon after it changed others?"""
    return dag_id in scene.touched or may_have_caused(scene, scene.watch.lost.get(dag_id, scene.at))


def _seen(scene: Scene) -> Mapping[str, AirflowDag] | None:
    """Nobody asks for the DAGs of a release that has none."""
    return scene.evidence.dags if scene.state.live else {}


def _is_new(scene: Scene, dag_id: str) -> bool:
    flipped = scene.touched.get(dag_id)
    return flipped is not None and scene.at < flipped + scene.grace
