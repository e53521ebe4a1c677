"""What a change means for runs in flight, where policy or doubt decides it."""

from __future__ import annotations

import pytest

from reconciler.core.change_class import classify
from reconciler.model.environment import AirflowSpec
from reconciler.model.plan import ChangeClass, Goal
from tests.builders import release_manifest

LEFT, GOAL = release_manifest(1), release_manifest(2)
DAG = "dag_000"


def ask(**airflow: object) -> tuple[ChangeClass, tuple[str, ...]]:
    """The class of a change of a DAG whose structure is known and the same."""
    spec = AirflowSpec.model_validate(
        {
            "version": "3.0.6",
            "api": {"http": {"url": "http://127.0.0.1:8080"}},
            "dagFolder": {"bucket": "dev-airflow"},
            **airflow,
        },
        by_alias=True,
    )
    same = {"structure": {"graph": '"x"'}, "calendar": {}}
    left, goal = (
        one.model_copy(
            update={
                "airflow_version": "3.0.6",
                "dags": {name: dag.model_copy(update=same) for name, dag in one.dags.items()},
            }
        )
        for one in (LEFT, GOAL)
    )
    return classify(left, DAG, goal.dags[DAG], Goal(revision="r", release=goal, airflow=spec))


def test_where_the_graph_is_the_same_runs_are_pinned() -> None:
    assert ask()[0] is ChangeClass.PINNED


@pytest.mark.parametrize(
    ("airflow", "why"),
    [
        ({"inFlight": "drain"}, "this environment's policy is inFlight: drain"),
        ({"dags": {DAG: {"inFlight": "drain"}}}, "this DAG's policy is inFlight: drain"),
        ({"version": "2.10.3"}, "runs are not known to stay pinned on Airflow 2.10.3"),
    ],
)
def test_policy_or_doubt_drains(airflow: dict[str, object], why: str) -> None:
    assert ask(**airflow) == (ChangeClass.DRAINED, (why,))


def test_one_dag_is_treated_otherwise_than_the_rest() -> None:
    assert ask(inFlight="drain", dags={DAG: {"inFlight": "pin"}})[0] is ChangeClass.PINNED
    assert ask(dags={"another": {"inFlight": "drain"}})[0] is ChangeClass.PINNED
