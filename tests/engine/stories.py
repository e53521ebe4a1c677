"""Deployments to die in: each leaves a platform in which ticks have something to do, and knows its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.reason import Phase
from tests.engine.approving import approve, live
from tests.engine.scene import Scene

LEASE_SECONDS, MINUTE = 150, 60


@dataclass(frozen=True)
class Story:
    """``prepare`` makes the platform; ``ends`` is DAG id → version of its release, once all is settled."""

    prepare: Callable[[], Scene]
    ends: dict[str, str]
    phase: Phase = Phase.SUCCEEDED
    restarted: tuple[str, ...] = ()


def run(scene: Scene, dag_id: str, run_id: str = "run") -> DagRun:
    """A run that starts now."""
    return DagRun(
        dag_id=dag_id, run_id=run_id, state="running", run_type="manual", started_at=scene.clock.now()
    )


def bump() -> Scene:
    """All kinds of change at once: body, graph, a new DAG, a removed one, an untouched one."""
    scene = Scene()
    scene.deploy("1.0.0", {"body": "a", "graph": "a", "gone": "c", "same": "d"})
    scene.clock.advance(600)
    scene.publish("1.1.0", {"body": "A", "graph": "wider: a", "new": "n", "same": "d"})
    scene.push("1.1.0")
    return scene


def rollback() -> Scene:
    """Back, in a freeze, from a release with a changed body and a changed graph, a run in flight in each."""
    scene = Scene()
    scene.deploy("1.0.0", {"body": "a", "graph": "a"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"body": "A", "graph": "wider: a"})
    start = scene.clock.now().replace(tzinfo=None, microsecond=0).isoformat()
    windows = f"policy: {{windows: {{freeze: [{{name: audit, start: {start}, hours: 240}}]}}}}\n"
    scene.environment += windows.encode()
    scene.push("1.1.0", "Freeze")
    scene.tick()
    scene.airflow.pauses.clear()
    scene.clock.advance(600)
    scene.airflow.set_runs(run(scene, "body"), run(scene, "graph"))
    scene.push("1.0.0", "Revert")
    return scene


def broken_on_the_target() -> Scene:
    """Two DAGs change; one of them Airflow cannot import on the target, and a new one neither."""
    scene = Scene()
    scene.deploy("1.0.0", {"good": "a", "bad": "b"})
    scene.clock.advance(600)
    release = scene.publish("1.1.0", {"good": "A", "bad": "wider: b", "new": "n"})
    scene.push("1.1.0")
    import_errors, dags = scene.airflow.import_errors, scene.airflow.dags

    def broken() -> list[str]:
        bodies = {dag_id: scene.folder.read(f"{dag_id}.py") or b"" for dag_id in ("bad", "new")}
        return [dag_id for dag_id, body in bodies.items() if release.id.encode() in body]

    def parsed(dag_ids: Sequence[str]) -> dict[str, AirflowDag]:
        scene.airflow.unparsed = set(broken())
        return dags(dag_ids)

    def errors() -> Sequence[ImportProblem]:
        import_errors()
        now = scene.clock.now()
        return [ImportProblem(file=f"{dag_id}.py", message="ImportError", at=now) for dag_id in broken()]

    scene.airflow.dags, scene.airflow.import_errors = parsed, errors  # type: ignore[method-assign]
    return scene


def hand_edit() -> Scene:
    """A pointer edited and an archive deleted by somebody else."""
    scene = Scene()
    release = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    scene.folder.tamper("one.py", b"# edited")
    scene.folder.tamper(f"_releases/{release.id}.tar.gz", None)
    return scene


def approved() -> Scene:
    """Somebody approved a change of two DAGs; a new one, which Airflow pauses, is to be un-paused."""
    scene = live()
    scene.environment = scene.environment.replace(b"policy:", b"  newDags: active\npolicy:")
    scene.push("1.0.0", "New DAGs are active")
    approve(scene)
    scene.tick()
    scene.clock.advance(600)
    scene.airflow.set_paused("new", True)
    scene.publish("1.2.0", {"one": "A", "two": "wider: b", "new": "n"}, parent="1.1.0")
    scene.push("1.2.0")
    approve(scene)
    return scene


STORIES = {
    "approved": Story(approved, {"one": "1.2.0", "two": "1.2.0", "new": "1.2.0"}),
    "bump": Story(bump, {"body": "1.1.0", "graph": "1.1.0", "new": "1.1.0", "same": "1.0.0"}),
    "rollback": Story(rollback, {"body": "1.0.0", "graph": "1.0.0"}, restarted=("body", "graph")),
    "broken on the target": Story(
        broken_on_the_target, {"good": "1.1.0", "bad": "1.0.0"}, phase=Phase.FAILED
    ),
    "hand edit": Story(hand_edit, {"one": "1.0.0", "two": "1.0.0"}),
}
