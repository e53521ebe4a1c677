"""What pipelines wrote down: tests, rows, missing values, freshness, against what is usual."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reconciler.model.health import SignalName
from reconciler.model.observation import DagRun
from reconciler.model.seen import EndedRun, Record, RecordedLoad, RecordedRun, RecordedTest
from reconciler.model.watch import Judgement, Measurement
from tests.core.verification.sight import (
    DAY,
    FLIP,
    HOUR,
    MINUTE,
    ONE,
    history,
    looks,
    measured,
    outcome,
    run,
    seen,
    watched,
)

FAILED, GOOD, OPEN = Judgement.FAILED, Judgement.SUCCEEDED, Judgement.INCONCLUSIVE
TESTS, VOLUME = SignalName.DATA_TESTS, SignalName.VOLUME
NULLS, FRESH = SignalName.NULL_RATE, SignalName.FRESHNESS


def noted(minutes: float, *, passed: bool, **other: Any) -> RecordedTest:
    known = {"dag_id": ONE, "table": "MARTS.A", "rule": "unique", "severity": "error"}
    return RecordedTest(**(known | other), passed=passed, checked_at=FLIP + minutes * MINUTE)


def daily(count: int = 10, **other: Any) -> list[RecordedTest]:
    return [noted(-1440 * number, passed=True, **other) for number in range(count, 0, -1)]


def data_come_to(*tests: RecordedTest, **other: Any) -> Judgement:
    return outcome(watched(ONE), seen(60, record=Record(tests=tests), **other), TESTS)


def test_a_test_that_passed_and_does_not_any_more_fails_the_release() -> None:
    assert data_come_to(*daily(), noted(5, passed=False)) is FAILED
    assert data_come_to(*daily(), noted(5, passed=True)) is GOOD
    assert data_come_to(*daily()) is OPEN


def test_one_that_failed_before_already_is_not_blamed_on_it() -> None:
    assert data_come_to(*daily(), noted(-30, passed=False), noted(5, passed=False)) is GOOD


def test_one_that_only_warns_does_not_fail_it() -> None:
    assert data_come_to(*daily(severity="warn"), noted(5, passed=False, severity="warn")) is OPEN
    error = [*daily(), noted(5, passed=True)]
    assert data_come_to(*error, noted(5, passed=False, severity="warn", rule="other")) is GOOD


def test_one_that_failed_now_and_then_may_again_and_a_new_one_is_not_known() -> None:
    flaky = [noted(-1440 * number, passed=number % 4 > 0) for number in range(9, 0, -1)]
    assert data_come_to(*flaky, noted(5, passed=False)) is OPEN
    assert data_come_to(noted(5, passed=False)) is OPEN


def test_a_test_of_a_dag_whose_runs_fail_now_and_then_may_fail_by_chance() -> None:
    runs = history(ONE, 40)
    assert data_come_to(*daily(), noted(5, passed=False), runs=runs) is FAILED
    flaky = (*runs, run(ONE, -90 * 1440, "failed"))
    assert data_come_to(*daily(), noted(5, passed=False), runs=flaky) is OPEN


def test_what_a_pinned_run_finds_is_of_the_release_before() -> None:
    ended = EndedRun(
        dag_id=ONE, run_id="p", state="success", started_at=FLIP - HOUR, ended_at=FLIP + 10 * MINUTE
    )
    assert data_come_to(*daily(), noted(5, passed=False), runs=(ended,)) is OPEN
    running = DagRun(dag_id=ONE, run_id="p", state="running", run_type="x", started_at=FLIP - HOUR)
    assert data_come_to(*daily(), noted(5, passed=False), in_flight=(running,)) is OPEN
    assert data_come_to(*daily(), noted(15, passed=False), runs=(ended,)) is FAILED


def test_what_failed_last_is_not_forgotten_before_it_is_tested_again() -> None:
    two_days_later = 48 * 60

    def come_to(*tests: RecordedTest) -> Measurement:
        judged = looks(watched(ONE), [seen(two_days_later, record=Record(tests=tests))])
        return measured(judged, TESTS)

    assert come_to(*daily(), noted(5, passed=False)).outcome is FAILED
    assert come_to(noted(5, passed=False)).dags == (ONE,), "a test that is not known: doubt"
    assert come_to(*daily(), noted(5, passed=False), noted(1445, passed=True)).outcome is GOOD


def test_without_a_record_there_is_no_such_signal_and_one_that_fails_is_an_error() -> None:
    absent = looks(watched(ONE), [seen(2, record=None)])
    assert TESTS not in {one.signal for one in absent.measurements}
    troubled = seen(2, record=None, troubles={TESTS: "no login"})
    assert outcome(watched(ONE), troubled, TESTS) is Judgement.ERROR


def made(minutes: float, rows_in: int, rows_out: int, dag_id: str = ONE) -> RecordedRun:
    at = FLIP + minutes * MINUTE
    return RecordedRun(
        dag_id=dag_id, run_id=f"r{minutes}", rows_in=rows_in, rows_out=rows_out, started_at=at, ended_at=at
    )


def usual_runs(every: timedelta = DAY, count: int = 30) -> list[RecordedRun]:
    step = every / MINUTE
    return [
        made(-step * number, 1000 + 37 * (number % 7), 900 + 33 * (number % 7)) for number in range(1, count)
    ]


def test_a_run_that_makes_half_of_the_rows_fails_and_a_holiday_does_not() -> None:
    def come_to(*runs: RecordedRun) -> Judgement:
        return outcome(watched(ONE), seen(60, record=Record(runs=(*usual_runs(), *runs))), VOLUME)

    assert come_to(made(5, 1000, 450)) is FAILED
    assert come_to(made(5, 1000, 1800)) is FAILED
    assert come_to(made(5, 400, 360)) is GOOD
    assert come_to(made(5, 1000, 890)) is GOOD
    assert come_to() is OPEN


def test_of_a_dag_that_runs_often_two_runs_have_to() -> None:
    often = history(ONE, 20, HOUR / 6)

    def come_to(*runs: RecordedRun) -> Judgement:
        record = Record(runs=(*usual_runs(HOUR / 6), *runs))
        return outcome(watched(ONE), seen(60, runs=often, record=record), VOLUME)

    assert come_to(made(5, 1000, 450)) is OPEN
    assert come_to(made(5, 1000, 450), made(15, 1000, 900)) is GOOD
    assert come_to(made(5, 1000, 450), made(15, 1000, 450)) is FAILED


def loaded(minutes: float, rows: int, dag_id: str = ONE, table: str = "RAW.A", **other: Any) -> RecordedLoad:
    at = FLIP + minutes * MINUTE
    return RecordedLoad(dag_id=dag_id, table=table, interval_end=at, rows=rows, loaded_at=at, **other)


def loads(*, low: bool = False) -> list[RecordedLoad]:
    """Hourly, for two days; ``low``: half as much since the flip."""
    before = [loaded(-60 * number, 1000 + number % 3) for number in range(48, 0, -1)]
    return [*before, *(loaded(60 * number, 400 if low else 1000) for number in (1, 2, 3))]


def test_a_step_in_what_arrives_raises_doubt_and_fails_nothing() -> None:
    def come_to(series: list[RecordedLoad]) -> Judgement:
        return outcome(watched(ONE), seen(240, record=Record(loads=tuple(series))), VOLUME)

    assert come_to(loads(low=True)) is OPEN
    assert come_to(loads()) is GOOD
    doubt = looks(watched(ONE), [seen(240, record=Record(loads=tuple(loads(low=True))))])
    assert "0.4 times" in measured(doubt, VOLUME).evidence[0]
    known = looks(watched(ONE), [seen(240, record=Record(loads=tuple(loads(low=True)[:-2])))])
    assert measured(known, VOLUME).evidence == ()


def test_weekends_are_compared_with_weekends() -> None:
    week = [
        loaded(-1440 * number, 100 if (FLIP - number * DAY).weekday() == FLIP.weekday() else 1000)
        for number in range(42, 0, -1)
    ]

    def come_to(rows: int) -> Judgement:
        return outcome(watched(ONE), seen(60, record=Record(loads=(*week, loaded(5, rows)))), VOLUME)

    assert come_to(105) is GOOD
    assert come_to(10) is OPEN


def test_more_missing_values_than_ever_fail() -> None:
    def nulls(minutes: float, failing: int) -> tuple[RecordedTest, RecordedLoad]:
        batch = f"{ONE}|{minutes}"
        found = noted(
            minutes, passed=True, rule="not_null", column="C", table="raw.a", failing=failing, batch=batch
        )
        return found, loaded(minutes, 1000, batch=batch)

    before = [nulls(-1440 * number, number % 4) for number in range(20, 0, -1)]

    def come_to(failing: int, *, known: int = 20) -> Judgement:
        both = [*before[-known:], nulls(5, failing)]
        record = Record(tests=tuple(one for one, _ in both), loads=tuple(load for _, load in both))
        return outcome(watched(ONE), seen(60, record=record), NULLS)

    assert come_to(300) is FAILED
    assert come_to(5) is GOOD
    assert come_to(300, known=3) is OPEN


def test_a_table_is_stale_when_it_waits_longer_than_it_ever_does() -> None:
    before = tuple(loaded(-60 * number, 10) for number in range(30, 0, -1))

    def come_to(minutes: float, *more: RecordedLoad) -> Judgement:
        return outcome(watched(ONE), seen(minutes, record=Record(loads=(*before, *more))), FRESH)

    assert come_to(100) is GOOD
    assert come_to(200) is FAILED
    assert come_to(200, loaded(150, 10)) is GOOD
    weekly = tuple(loaded(-1440 * (number + 2 * (number // 5)), 10) for number in range(30, 0, -1))
    assert outcome(watched(ONE), seen(2 * 1440, record=Record(loads=weekly)), FRESH) is GOOD


def test_one_that_was_stale_already_is_not_of_the_release() -> None:
    before = tuple(loaded(-60 * number - 600, 10) for number in range(30, 0, -1))
    assert outcome(watched(ONE), seen(60, record=Record(loads=before)), FRESH) is GOOD
