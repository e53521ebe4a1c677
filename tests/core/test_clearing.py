"""Which runs failed on a release that was taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.aftermath import noted
from reconciler.core.clearing import LOOKED_AT, failed, ran
from reconciler.model.plan import DagPointer, FailedRun, HistoryEntry
from reconciler.model.release import Archive, ReleaseManifest, SealedDag
from reconciler.model.seen import EndedRun
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.watch import Revert
from tests.builders import NOW

GOOD, MIDDLE, BAD = "a" * 16, "b" * 16, "c" * 16
MINUTE = timedelta(minutes=1)
SINCE, FLIPPED = NOW - 60 * MINUTE, NOW - 10 * MINUTE


def live(*releases: str, code: str = "1" * 32) -> LiveDag:
    """A DAG that went to these releases an hour apart, the newest first, an hour ago."""
    history = tuple(
        HistoryEntry(
            release=one, archive_sha256="d" * 64, file="dags/one.py", since=SINCE - number * 60 * MINUTE
        )
        for number, one in enumerate(releases)
    )
    return LiveDag(pointer=DagPointer(dag_id="one", history=history), fingerprint=code, flipped_at=FLIPPED)


def sealed(code: str = "0" * 32, dag_id: str = "one") -> ReleaseManifest:
    return ReleaseManifest(
        id=GOOD,
        components={},
        archive=Archive(sha256="d" * 64, size=1),
        airflow_version="3.0.6",
        python_version="3.11",
        dags={dag_id: SealedDag(file="dags/one.py", fingerprint=code)},
    )


REVERT = Revert(alarm="it", blamed="e" * 40, release=BAD, to=GOOD, intended_at=NOW)


def state(dag: LiveDag, *past: str) -> EnvironmentState:
    return EnvironmentState(environment="dev", live={"one": dag}, past=past or (BAD, GOOD))


def test_a_dag_ran_it_since_its_pointer_says_so() -> None:
    assert ran(state(live(BAD, GOOD)), REVERT, sealed()).ran == {"one": SINCE}


def test_a_dag_that_stayed_on_the_good_release_did_not() -> None:
    assert ran(state(live(GOOD)), REVERT, sealed()).ran == {}


def test_a_dag_whose_code_is_the_same_did_not_fail_for_it() -> None:
    assert ran(state(live(BAD, GOOD, code="0" * 32)), REVERT, sealed()).ran == {}


def test_a_dag_that_the_good_release_has_not_has_nothing_to_run_on() -> None:
    assert ran(state(live(BAD)), REVERT, sealed(dag_id="another")).ran == {}


def test_all_that_came_after_the_good_release_is_condemned_with_it() -> None:
    dag = live(BAD, MIDDLE, GOOD)
    assert ran(state(dag, BAD, MIDDLE, GOOD), REVERT, sealed()).ran == {"one": SINCE - 60 * MINUTE}
    assert ran(state(dag, BAD, GOOD, MIDDLE), REVERT, sealed()).ran == {"one": SINCE}


def test_what_is_written_down_of_the_failure_stays() -> None:
    known = REVERT.model_copy(update={"failed": ("It failed.",)})
    assert noted(state(live(BAD, GOOD)), known, sealed()).failed == ("It failed.",)


def run(minutes: float = 5, how: str = "failed", lasts: float = 1, number: int = 0) -> EndedRun:
    """A run that started so many minutes after the bad release was live."""
    started = SINCE + minutes * MINUTE
    return EndedRun(
        dag_id="one", run_id=str(number), state=how, started_at=started, ended_at=started + lasts * MINUTE
    )


def chosen(*runs: EndedRun, condemned: frozenset[str] = frozenset({BAD})) -> tuple[FailedRun, ...]:
    back = live(GOOD).model_copy(update={"flipped_at": FLIPPED})
    pinned = live(BAD, GOOD) if GOOD in condemned else back
    after = state(pinned).model_copy(update={"condemned": condemned})
    return failed(after, REVERT.model_copy(update={"ran": {"one": SINCE}}), runs).runs


def test_a_run_that_failed_on_it_is_cleared() -> None:
    assert chosen(run()) == (FailedRun(dag_id="one", run_id="0"),)


@pytest.mark.parametrize(
    "other",
    [
        run(how="success"),
        run(-0.5),
        run(lasts=60),
        run().model_copy(update={"dag_id": "another"}),
    ],
)
def test_no_other_is(other: EndedRun) -> None:
    assert chosen(other) == ()


def test_none_of_a_dag_that_is_still_on_it_is() -> None:
    assert chosen(run(), condemned=frozenset({BAD, GOOD})) == ()


def test_that_not_all_were_looked_at_is_said() -> None:
    after = state(live(GOOD))
    known = REVERT.model_copy(update={"ran": {"one": SINCE}})
    many = [run(how="success", number=number) for number in range(LOOKED_AT)]
    assert failed(after, known, many[1:]).left == {}
    assert "only the newest 300" in failed(after, known, many).left["one"]
