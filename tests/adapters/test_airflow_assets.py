"""Which runs a pause swallowed, by the asset events of a real Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from local.airflow import Airflow as RealAirflow
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.system_clock import SystemClock
from tests.adapters.real_airflow import ask, asset_event, place, run, tasks, until

pytestmark = pytest.mark.airflow

ALL, ANY, NESTED, BY_NAME, BY_ALIAS, PRODUCER = (
    f"swallowed_{name}" for name in ("all", "any", "nested", "by_name", "by_alias", "producer")
)
CONSUMERS = (ALL, ANY, NESTED, BY_NAME, BY_ALIAS)

TEXT = f"""
from airflow.sdk import DAG, Asset, AssetAlias, dag, task
from airflow.providers.standard.operators.empty import EmptyOperator

a, b, c = (Asset(f"swallowed_{{letter}}") for letter in "abc")
for dag_id, schedule in (
    ({ALL!r}, [a, b]),
    ({ANY!r}, a | b),
    ({NESTED!r}, (a & b) | c),
    ({BY_NAME!r}, [Asset.ref(name="swallowed_a")]),
    ({BY_ALIAS!r}, [AssetAlias("swallowed_alias")]),
):
    with DAG(dag_id, schedule=schedule, is_paused_upon_creation=False) as made:
        EmptyOperator(task_id="nothing")
    globals()[dag_id] = made

@dag(dag_id={PRODUCER!r}, schedule=None, is_paused_upon_creation=False)
def producer():
    @task(outlets=[AssetAlias("swallowed_alias")])
    def produce(*, outlet_events):
        outlet_events[AssetAlias("swallowed_alias")].add(Asset("swallowed_d"))
    produce()
producer()
"""


@pytest.fixture(scope="module")
def real(airflow_server: RealAirflow) -> Iterator[RealAirflow]:
    file = place(airflow_server, "swallowed.py", TEXT, *CONSUMERS, PRODUCER)
    yield airflow_server
    file.unlink()


@pytest.fixture
def airflow(real: RealAirflow) -> Iterator[AirflowClient]:
    """The real Airflow with nothing queued for the consumers, which are paused."""
    client = AirflowClient(HttpTransport(real.url), SystemClock())
    for dag_id in CONSUMERS:
        client.set_paused(dag_id, True)
    yield client
    for dag_id in CONSUMERS:
        # What a test left waiting must not count in the next one.
        client.create_run(dag_id, named("clean", datetime.now(UTC)))
        client.set_paused(dag_id, False)


@pytest.fixture
def owed(airflow: AirflowClient) -> Callable[[], set[str]]:
    """Which consumers are owed a run since now."""
    since = datetime.now(UTC)
    return lambda: {
        dag_id for dag_id in CONSUMERS if airflow.owed_by_assets(dag_id, since, datetime.now(UTC))
    }


def named(what: str, at: datetime) -> str:
    """A run id of which there is no other."""
    return f"{what}_{at.timestamp()}"


def queued(real: RealAirflow, dag_id: str) -> int:
    return len((ask(real, "GET", f"/dags/{dag_id}/assets/queuedEvents") or {}).get("queued_events", ()))


def started(real: RealAirflow, dag_id: str) -> list[str]:
    listed = ask(real, "GET", f"/dags/{dag_id}/dagRuns?run_type=asset_triggered&limit=100")
    return [row["dag_run_id"] for row in listed["dag_runs"]]


def test_a_condition_counts_as_airflow_counts_it(real: RealAirflow, owed: Callable[[], set[str]]) -> None:
    assert owed() == set()
    asset_event(real, "swallowed_a")
    assert owed() - {BY_NAME} == {ANY}
    asset_event(real, "swallowed_b")
    assert owed() - {BY_NAME} == {ANY, ALL, NESTED}


def test_one_branch_of_a_nested_condition_is_enough(real: RealAirflow, owed: Callable[[], set[str]]) -> None:
    asset_event(real, "swallowed_c")
    assert owed() == {NESTED}


def test_what_airflow_kept_in_its_queue_it_starts_itself(
    real: RealAirflow, airflow: AirflowClient, owed: Callable[[], set[str]]
) -> None:
    """A DAG that names an asset by reference is queued even while it is paused (3.0.6, not so 3.2.1)."""
    asset_event(real, "swallowed_a")
    assert queued(real, BY_NAME) == 1
    assert BY_NAME not in owed()
    before = started(real, BY_NAME)
    airflow.set_paused(BY_NAME, False)
    until(lambda: started(real, BY_NAME) != before)
    assert BY_NAME not in owed()


def test_an_event_from_before_the_pause_completes_one_in_it(
    real: RealAirflow, airflow: AirflowClient
) -> None:
    airflow.set_paused(ALL, False)
    asset_event(real, "swallowed_a")
    assert queued(real, ALL) == 1
    airflow.set_paused(ALL, True)
    paused_at = datetime.now(UTC)
    asset_event(real, "swallowed_b")
    assert airflow.owed_by_assets(ALL, paused_at, datetime.now(UTC))

    for _ in range(2):
        airflow.create_run(ALL, named("owed", paused_at))
    made = run(real, ALL, named("owed", paused_at))
    assert (made["run_type"], made["logical_date"]) == ("manual", None)
    # Else the next event of b alone would start a run with an old a, and so on for ever.
    assert queued(real, ALL) == 0


def test_half_a_condition_is_owed_once_the_other_half_comes(
    real: RealAirflow, airflow: AirflowClient
) -> None:
    paused_at = datetime.now(UTC)
    asset_event(real, "swallowed_a")
    airflow.set_paused(ALL, False)
    assert not airflow.owed_by_assets(ALL, paused_at, datetime.now(UTC))
    asset_event(real, "swallowed_b")
    assert airflow.owed_by_assets(ALL, paused_at, datetime.now(UTC))


def test_a_run_that_airflow_started_since_uses_what_the_pause_swallowed(
    real: RealAirflow, airflow: AirflowClient
) -> None:
    paused_at = datetime.now(UTC)
    asset_event(real, "swallowed_a")
    assert airflow.owed_by_assets(ANY, paused_at, datetime.now(UTC))
    before = started(real, ANY)
    airflow.set_paused(ANY, False)
    asset_event(real, "swallowed_b")
    until(lambda: started(real, ANY) != before)
    assert not airflow.owed_by_assets(ANY, paused_at, datetime.now(UTC))


def test_a_run_that_is_still_queued_does_not_hide_its_events(
    real: RealAirflow, airflow: AirflowClient
) -> None:
    """Airflow 3.0.6 cannot list an event that such a run used."""
    since = datetime.now(UTC)
    before = started(real, ANY)
    airflow.set_paused(ANY, False)
    asset_event(real, "swallowed_a")
    until(lambda: started(real, ANY) != before)
    (made,) = set(started(real, ANY)) - set(before)
    until(lambda: run(real, ANY, made)["state"] == "success")
    airflow.set_paused(ANY, True)
    again = {"dry_run": False, "only_failed": False, "dag_run_id": made}
    ask(real, "POST", f"/dags/{ANY}/clearTaskInstances", again)
    assert run(real, ANY, made)["start_date"] is None
    asset_event(real, "swallowed_b")
    assert airflow.owed_by_assets(ALL, since, datetime.now(UTC))


def test_an_alias_stands_for_every_asset_that_was_updated_through_it(
    real: RealAirflow, airflow: AirflowClient
) -> None:
    paused_at = datetime.now(UTC)
    assert not airflow.owed_by_assets(BY_ALIAS, paused_at, datetime.now(UTC))
    run_id = named("produce", paused_at)
    airflow.create_run(PRODUCER, run_id)
    until(lambda: {task["state"] for task in tasks(real, PRODUCER, run_id).values()} == {"success"})
    assert airflow.owed_by_assets(BY_ALIAS, paused_at, datetime.now(UTC))
