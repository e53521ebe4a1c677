"""What people are told of a release that nobody can judge: a warning, a call when it lasts, each once."""

from __future__ import annotations

from typing import Any

from reconciler.core.findings import News
from reconciler.core.verification import judge
from reconciler.core.verification.telling import LOST
from reconciler.model.health import HealthSpec, SignalName, SignalSpec, Weight
from reconciler.model.reason import Reason, Severity
from tests.core.verification.sight import ONE, seen, spec, watched

DEAD: dict[str, Any] = {
    "dags": None,
    "import_errors": None,
    "runs": None,
    "in_flight": None,
    "missed": None,
    "heartbeats": None,
    "record": None,
    "troubles": dict.fromkeys(SignalName, "Airflow answered 403."),
}


def told(*looks: dict[str, Any], health: HealthSpec | None = None) -> list[tuple[int, News]]:
    """The news that a release cannot be judged, each with the minute in which they came."""
    state, found = watched(ONE), list[tuple[int, News]]()
    for minute, look in enumerate(looks, start=1):
        judged = judge(state, health or spec(), seen(minute, **look))
        state = judged.state
        found += [(minute, news) for news in judged.news if news.reason is Reason.HEALTH_UNKNOWN]
    return found


def errors(found: list[tuple[int, News]]) -> list[tuple[int, News]]:
    return [(minute, news) for minute, news in found if news.severity is Severity.ERROR]


def test_an_airflow_that_answers_nobody_calls_a_person_once() -> None:
    found = told(*[DEAD] * 140)
    assert min(minute for minute, _ in found) == 5
    ((minute, news),) = errors(found)
    assert minute == LOST
    assert "Airflow answered 403." in news.message
    assert len(news.evidence) > 3


def test_it_calls_again_when_it_was_well_in_between() -> None:
    looks = [*[DEAD] * 20, {}, *[DEAD] * 20]
    assert [minute for minute, _ in errors(told(*looks))] == [LOST, 21 + LOST]
    assert errors(told(*[DEAD] * (LOST - 1), {}, *[DEAD] * (LOST - 1))) == []


def test_of_what_is_only_a_warning_nobody_is_called() -> None:
    mild = {name: SignalSpec(limit=1, severity=Weight.WARNING) for name in SignalName}
    found = told(*[DEAD] * 40, health=HealthSpec(signals=mild))
    assert found
    assert errors(found) == []
