"""The function that looks: which environments, what it prints, and that one's trouble is not another's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers import check_health
from reconciler.core.verification import MetricValue
from reconciler.engine.looking import Look
from reconciler.model.errors import Transient
from reconciler.model.tick_time import TickTime

SERVED = ("dev", "staging", "prod")


class Context:
    """What Lambda tells a function of its invocation."""

    function_name = "CheckHealth"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:CheckHealth"
    aws_request_id = "one"

    def get_remaining_time_in_millis(self) -> int:
        return 100_000


class Settings:
    environments = SERVED
    tick_time = TickTime()


def metric(name: str, environment: str, value: float = 1, **more: str) -> MetricValue:
    return MetricValue(name=name, value=value, dimensions={"environment": environment, **more})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a look at each environment comes to; ``looked`` and ``again``: where it was looked."""
    outcomes: dict[str, Any] = {"looked": [], "again": []}

    def look(lookout: object, environment: str, known: object) -> Look:
        outcomes["looked"].append(environment)
        outcome = outcomes.get(environment, Look("Well.", (metric("HealthChecked", environment),)))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome  # type: ignore[no-any-return]

    def look_again(lookout: object, environment: str) -> str:
        outcomes["again"].append(environment)
        if isinstance(outcomes.get("alarm"), Exception):
            raise outcomes["alarm"]
        return "No alarm waits."

    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Reconciler")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "stack")
    monkeypatch.setattr(check_health, "look", look)
    monkeypatch.setattr(check_health, "look_again", look_again)
    monkeypatch.setattr(check_health, "try_reverter", lambda lookout, environment: "")
    monkeypatch.setattr("reconciler.bootstrap.settings", Settings)
    monkeypatch.setattr("reconciler.bootstrap.lookout", lambda holder: holder)
    return outcomes


def run(event: dict[str, Any]) -> None:
    check_health.handler(event, Context())  # type: ignore[arg-type]


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


def test_the_schedule_means_every_environment(world: dict[str, Any]) -> None:
    run({"id": "5", "detail-type": "Scheduled Event", "detail": {}})
    assert sorted(world["looked"]) == sorted(SERVED)
    assert world["again"] == list(SERVED)


def test_an_event_of_ours_means_its_own(world: dict[str, Any]) -> None:
    run({"detail-type": "ReconciliationSucceeded", "detail": {"customData": {"environment": "staging"}}})
    assert world["looked"] == ["staging"]


@pytest.mark.parametrize("detail", [None, {}, {"customData": None}, {"customData": {"environment": "mars"}}])
def test_whatever_it_is_asked_somebody_looks(world: dict[str, Any], detail: object) -> None:
    run({"detail": detail})
    assert sorted(world["looked"]) == sorted(SERVED)


def test_metrics_are_a_line_for_all_with_the_same_dimensions(
    world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    told = (
        metric("HealthChecked", "dev"),
        metric("HealthFailed", "dev", 0),
        metric("SignalFailed", "dev", 0, signal="dags-present"),
        metric("SignalFailed", "dev", 1, signal="failed-runs"),
    )
    world["dev"] = Look("Bad.", told)
    run({"detail": {"customData": {"environment": "dev"}}})
    lines = printed(capsys)
    assert len(lines) == 3
    first = lines[0]
    assert first["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Reconciler"
    assert sorted(first["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == ["environment", "service"]
    assert (first["environment"], first["service"]) == ("dev", "stack")
    assert (first["HealthChecked"], first["HealthFailed"]) == ([1.0], [0.0])
    assert {(line["signal"], line["SignalFailed"][0]) for line in lines[1:]} == {
        ("dags-present", 0.0),
        ("failed-runs", 1.0),
    }


def test_one_that_cannot_be_looked_at_has_no_metric_and_holds_up_no_other(
    world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    world["dev"], world["alarm"] = Transient("DynamoDB is silent."), Transient("Git is silent.")
    run({})
    assert [line["environment"] for line in printed(capsys)] == ["staging", "prod"]
    assert world["again"] == list(SERVED)


def test_a_bug_fails_the_function_after_all_others_were_looked_at(
    world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    world["dev"] = KeyError("ours")
    with pytest.raises(KeyError):
        run({})
    assert [line["environment"] for line in printed(capsys)] == ["staging", "prod"]
    assert world["again"] == list(SERVED)
