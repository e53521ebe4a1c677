"""The twins' own knobs: failures on demand, time, a DAG folder that Airflow follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.adapters.memory import MemoryAirflow, MemoryClock, MemoryDagFolder, MemoryStateStore
from reconciler.adapters.memory.airflow import Follow
from reconciler.core.pointer_file import pointer_key, release_key, render
from reconciler.model.errors import Transient
from reconciler.model.observation import DagRun
from reconciler.model.plan import DagPointer
from tests.builders import NOW, dag_pointer, event_draft, release_archive, release_manifest

LOST = Transient("lost")


def test_a_failure_strikes_once_before_the_effect() -> None:
    store = MemoryStateStore()
    store.fail_next("append", LOST)
    with pytest.raises(Transient):
        store.append("dev", event_draft("one"))
    assert store.append("dev", event_draft("two")).sequence == 1


def test_a_failure_after_the_effect_loses_only_the_answer() -> None:
    store = MemoryStateStore()
    store.fail_next("append", LOST, after_effect=True)
    with pytest.raises(Transient):
        store.append("dev", event_draft("one"))
    assert store.append("dev", event_draft("two")).sequence == 2


def test_failures_queue_up_and_calls_are_counted() -> None:
    folder = MemoryDagFolder()
    folder.fail_next("list", LOST)
    folder.fail_next("list", LOST)
    for _ in range(2):
        with pytest.raises(Transient):
            folder.list()
    assert dict(folder.list()) == {}
    assert folder.calls == {"list": 3}


def test_a_failure_of_nothing_is_refused() -> None:
    with pytest.raises(AttributeError, match="no method 'lost'"):
        MemoryDagFolder().fail_next("lost", LOST)


def test_time_moves_only_when_somebody_sleeps_or_moves_it() -> None:
    clock = MemoryClock(NOW)
    assert clock.now() == clock.now() == NOW
    clock.sleep(2.5)
    clock.advance(60)
    assert clock.now() == NOW + timedelta(seconds=62.5)
    assert clock.slept == [2.5]


def test_airflow_follows_the_folder_as_the_loader_would() -> None:
    clock, folder = MemoryClock(NOW), MemoryDagFolder()
    airflow = MemoryAirflow(Follow(folder, clock))
    old, new = release_manifest(1), release_manifest(1, seed="2.0.0")
    for release, seed in ((old, "1.0.0"), (new, "2.0.0")):
        folder.put(release_key(release.id), release_archive(1, seed=seed), None)
    later = dag_pointer(new, "dag_000", since=NOW + timedelta(seconds=30))
    pointer = DagPointer(dag_id="dag_000", history=(*later.history, *dag_pointer(old, "dag_000").history))
    etag = folder.put(pointer_key("dag_000"), render(pointer, "source"), None)
    assert airflow.dags(["dag_000"])["dag_000"].release == old.id
    clock.advance(30)
    assert airflow.dags(["dag_000"])["dag_000"].release == new.id
    folder.delete(release_key(new.id), folder.list()[release_key(new.id)])
    assert airflow.dags(["dag_000"])["dag_000"].release == old.id
    folder.delete(pointer_key("dag_000"), etag)
    assert not airflow.dags(["dag_000"])["dag_000"].active


def test_airflow_may_not_get_round_to_a_dag() -> None:
    clock, folder = MemoryClock(NOW), MemoryDagFolder()
    airflow = MemoryAirflow(Follow(folder, clock))
    release = release_manifest(1)
    airflow.unparsed.add("dag_000")
    folder.put(pointer_key("dag_000"), render(dag_pointer(release, "dag_000"), ""), None)
    assert airflow.dags(["dag_000"]) == {}


def test_before_anything_is_due_airflow_does_not_know_the_dag() -> None:
    clock, folder = MemoryClock(NOW), MemoryDagFolder()
    airflow = MemoryAirflow(Follow(folder, clock))
    release = release_manifest(1)
    folder.put(release_key(release.id), release_archive(1), None)
    later = dag_pointer(release, "dag_000", since=NOW + timedelta(seconds=30))
    folder.put(pointer_key("dag_000"), render(later, ""), None)
    assert airflow.dags(["dag_000"]) == {}
    clock.advance(30)
    assert airflow.dags(["dag_000"])["dag_000"].release == release.id


def test_a_dag_that_follows_the_folder_stays_paused_through_a_flip() -> None:
    clock, folder = MemoryClock(NOW), MemoryDagFolder()
    airflow = MemoryAirflow(Follow(folder, clock))
    release = release_manifest(1)
    folder.put(release_key(release.id), release_archive(1), None)
    folder.put(pointer_key("dag_000"), render(dag_pointer(release, "dag_000"), ""), None)
    airflow.set_paused("dag_000", True)
    assert airflow.dags(["dag_000"])["dag_000"].paused
    clock.advance(60)
    assert airflow.dags(["dag_000"])["dag_000"].paused
    airflow.set_paused("dag_000", False)
    assert not airflow.dags(["dag_000"])["dag_000"].paused
    assert airflow.pauses == [("dag_000", True), ("dag_000", False)]


def test_airflow_remembers_what_was_changed_even_if_the_answer_was_lost() -> None:
    airflow = MemoryAirflow()
    airflow.set_runs(
        DagRun(dag_id="dag_000", run_id="one", state="running", run_type="manual", started_at=NOW)
    )
    for method in ("set_paused", "restart_run", "create_run"):
        airflow.fail_next(method, LOST, after_effect=True)
    with pytest.raises(Transient):
        airflow.set_paused("dag_000", True)
    with pytest.raises(Transient):
        airflow.restart_run("dag_000", "one")
    with pytest.raises(Transient):
        airflow.create_run("dag_000", "owed")
    airflow.create_run("dag_000", "owed")
    assert airflow.pauses == [("dag_000", True)]
    assert airflow.restarted == [("dag_000", "one")]
    assert airflow.created == [("dag_000", "owed")]
    assert [run.run_id for run in airflow.active_runs(["dag_000"])] == ["one", "owed"]
