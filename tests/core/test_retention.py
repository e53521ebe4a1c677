"""What may leave the DAG folder, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.drain import Seen
from reconciler.core.planner import Scene
from reconciler.core.pointer_file import release_key
from reconciler.core.retention import KEPT, tidying
from reconciler.model.plan import DeleteReleases, FlipBatch, Goal
from reconciler.model.state import EnvironmentState, Fence
from reconciler.model.watch import Stable
from tests.builders import NOW, environment, owned, release_manifest, state

RELEASE, OLD = release_manifest(2), release_manifest(2, seed="0.9.0")


def after_many_releases(pointers_written: datetime, on_old: bool = False) -> EnvironmentState:
    """All DAGs run one release; ``KEPT`` newer archives and an older one lie in the folder too."""
    known = state(release=OLD.model_copy(update={"dags": RELEASE.dags}) if on_old else RELEASE)
    files = {
        key: file.model_copy(update={"written_at": pointers_written}) for key, file in known.files.items()
    }
    files |= {release_key(f"{n:016x}"): owned(b"x", at=NOW + timedelta(minutes=n)) for n in range(KEPT)}
    files[release_key(OLD.id)] = owned(b"old", at=NOW - timedelta(days=9))
    return known.model_copy(update={"files": files})


def scene(known: EnvironmentState, now: datetime) -> Scene:
    goal = Goal(revision="a" * 40, release=RELEASE, airflow=environment("dev").airflow)
    return Scene(goal, known, Seen(), now)


def test_what_no_pointer_names_goes_once_the_pointers_are_everywhere() -> None:
    known = after_many_releases(NOW)
    assert tidying(scene(known, NOW + timedelta(seconds=1))) == ()
    (step,) = tidying(scene(known, NOW + timedelta(minutes=5)))
    assert isinstance(step, DeleteReleases)
    assert release_key(OLD.id) in step.keys
    assert release_key(RELEASE.id) not in step.keys


def test_the_last_stable_releases_stay_however_old_they_are() -> None:
    good = Stable(release=OLD.id, revision="a" * 40, at=NOW)
    known = after_many_releases(NOW).model_copy(update={"stable": (good,)})
    kept = tidying(scene(known, NOW + timedelta(minutes=5)))
    assert not any(release_key(OLD.id) in step.keys for step in kept if isinstance(step, DeleteReleases))


def test_what_stands_on_an_old_release_is_moved_unless_it_is_fenced() -> None:
    known = after_many_releases(NOW, on_old=True)
    fence = Fence(opened_at=NOW, ours=True)
    *_, step = tidying(
        scene(known.model_copy(update={"fences": {"dag_000": fence}}), NOW + timedelta(hours=1))
    )
    assert isinstance(step, FlipBatch)
    assert [flip.pointer.dag_id for flip in step.flips] == ["dag_001"]
    assert step.flips[0].pointer.release == RELEASE.id
