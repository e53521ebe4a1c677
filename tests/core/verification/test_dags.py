"""DAGs are there, parsed as deployed, and files import; what others break is not the release's doing."""

from __future__ import annotations

import pytest

from reconciler.core.verification import watching
from reconciler.model.health import SignalName
from reconciler.model.observation import ImportProblem
from reconciler.model.seen import Evidence
from reconciler.model.state import Rejected
from reconciler.model.watch import Judgement
from tests.core.verification.sight import (
    DAY,
    FLIP,
    HOUR,
    MINUTE,
    OLD,
    ONE,
    RELEASE,
    THREE,
    TWO,
    dag,
    dags,
    looks,
    measured,
    outcome,
    seen,
    watched,
)

PRESENT, PARSED, IMPORTS = SignalName.DAGS_PRESENT, SignalName.DAGS_PARSED, SignalName.IMPORT_ERRORS
FAILED, GOOD, OPEN = Judgement.FAILED, Judgement.SUCCEEDED, Judgement.INCONCLUSIVE


def without(minutes: float, dag_id: str, **other: object) -> Evidence:
    at = FLIP + minutes * MINUTE
    known = dags(at)
    gone = {key: value for key, value in known.items() if key != dag_id}
    return seen(minutes, dags=gone | ({dag_id: dag(dag_id, at, **other)} if other else {}))


@pytest.mark.parametrize("other", [{}, {"active": False}])
def test_a_dag_that_is_lost_fails_the_release(other: dict[str, object]) -> None:
    assert outcome(watched(ONE), without(2, TWO, **other), PRESENT) is FAILED
    assert outcome(watched(ONE), seen(2), PRESENT) is GOOD


@pytest.mark.parametrize(("dag_id", "minutes", "blamed"), [(TWO, 2, True), (TWO, 60, False), (ONE, 60, True)])
def test_a_dag_that_it_did_not_change_and_that_goes_later_is_not_its_doing(
    dag_id: str, minutes: float, blamed: bool
) -> None:
    state = looks(watched(ONE), [seen(1), *(without(minutes + more, dag_id) for more in range(4))]).state
    assert state.watch is not None
    assert state.watch.tallies[PRESENT].outcome is FAILED
    assert (state.watch.failed_at is not None) is blamed
    assert state.watch.stable_at is None
    assert set(state.watch.lost) == {TWO} & {dag_id}


def test_of_what_was_gone_already_the_next_release_is_not_blamed() -> None:
    state = looks(watched(ONE), [seen(1), *(without(minutes, TWO) for minutes in range(60, 64))]).state
    code = {dag_id: dag.fingerprint for dag_id, dag in RELEASE.dags.items()}
    after = watching.begun(state, "3" * 16, "c" * 40, 3, code, FLIP + 64 * MINUTE)
    assert after.watch is not None
    flipped = FLIP + 65 * MINUTE
    live = after.live | {THREE: after.live[THREE].model_copy(update={"flipped_at": flipped})}
    touched = after.watch.model_copy(update={"touched": {THREE: flipped}})
    after = after.model_copy(update={"watch": touched, "live": live})
    judged = looks(after, [without(minutes, TWO) for minutes in range(66, 76)])
    assert judged.state.watch is not None
    assert judged.state.watch.failed_at is None
    assert judged.state.watch.tallies[PRESENT].outcome is FAILED
    back = looks(judged.state, [seen(80)]).state
    assert back.watch is not None
    assert (back.watch.lost, back.watch.tallies[PRESENT].outcome) == ({}, GOOD)


def test_what_is_its_doing_is_told_before_what_is_not() -> None:
    gone = [seen(1), *(seen(60 + more, dags={ONE: dag(ONE, FLIP)}) for more in range(4))]
    judged = looks(watched(THREE), gone)
    assert measured(judged, PRESENT).dags == (THREE,)
    assert judged.state.watch is not None
    assert judged.state.watch.failed_at is not None


def test_a_changed_dag_is_given_time_to_be_parsed() -> None:
    assert outcome(watched(ONE), without(0.5, ONE), PRESENT) is GOOD
    assert outcome(watched(ONE, TWO, THREE), without(0.5, ONE), PRESENT) is OPEN
    assert outcome(watched(ONE), without(2, ONE), PRESENT) is FAILED


def test_a_paused_dag_is_there() -> None:
    assert outcome(watched(ONE), without(2, TWO, paused=True), PRESENT) is GOOD


@pytest.mark.parametrize("other", [{"release": OLD.id}, {"last_parsed_at": FLIP - MINUTE}, {"release": None}])
def test_a_changed_dag_has_to_be_parsed_on_its_release(other: dict[str, object]) -> None:
    assert outcome(watched(ONE), without(0.5, ONE, **other), PARSED) is OPEN
    assert outcome(watched(ONE), without(2, ONE, **other), PARSED) is FAILED
    assert outcome(watched(TWO), without(2, ONE, **other), PARSED) is GOOD


def test_a_release_without_dags_lacks_none() -> None:
    empty = watched().model_copy(update={"live": {}})
    assert outcome(empty, seen(2, dags=None), PRESENT) is GOOD


def broken(file: str, minutes: float = 1) -> Evidence:
    problem = ImportProblem(file=file, message="ModuleNotFoundError: x", at=FLIP + minutes * MINUTE)
    return seen(2, import_errors=(problem,))


@pytest.mark.parametrize(
    "file", [f"{ONE}.py", f"/usr/local/airflow/dags/{ONE}.py", "_reconciler_loader_v1.py"]
)
def test_a_new_import_error_of_ours_fails(file: str) -> None:
    assert outcome(watched(ONE), broken(file), IMPORTS) is FAILED


def test_an_import_error_of_one_parse_condemns_nothing() -> None:
    """30 s, in which a look of the minute's may fall, and one that follows a flip."""
    problem = broken(f"{ONE}.py").import_errors
    blip = [seen(minutes, import_errors=problem) for minutes in (2, 2.4)]
    for last, condemned in ((seen(3), False), (seen(3, import_errors=problem), True)):
        watch = looks(watched(ONE), [*blip, last]).state.watch
        assert watch is not None
        assert (watch.tallies[IMPORTS].outcome is FAILED, watch.outcome is FAILED) == (condemned, condemned)
    watch = looks(watched(ONE), blip).state.watch
    assert watch is not None
    assert watch.outcome is not FAILED


def test_import_errors_of_before_and_of_others_do_not() -> None:
    assert outcome(watched(ONE, errors_before={f"{ONE}.py"}), broken(f"{ONE}.py"), IMPORTS) is GOOD
    assert outcome(watched(ONE), broken(f"{ONE}.py", -DAY / MINUTE), IMPORTS) is GOOD
    assert outcome(watched(ONE), broken("theirs.py"), IMPORTS) is GOOD


def test_a_dag_that_was_put_back_counts() -> None:
    rejected = Rejected(release=RELEASE.id, fingerprint="0" * 32, message="ImportError", at=FLIP)
    state = watched(TWO).model_copy(update={"rejected": {ONE: rejected}})
    assert outcome(state, seen(2), IMPORTS) is FAILED
    older = state.model_copy(update={"rejected": {ONE: rejected.model_copy(update={"release": OLD.id})}})
    assert outcome(older, seen(2), IMPORTS) is GOOD


def test_what_was_lost_before_is_not_of_this_release_until_it_was_there_again() -> None:
    state = watched(ONE, known={PRESENT: frozenset({TWO})})
    gone = [without(minutes, TWO) for minutes in range(2, 8)]
    judged = looks(state, gone)
    assert measured(judged, PRESENT).outcome is OPEN
    both = without(2, TWO).model_copy(update={"dags": {ONE: dag(ONE, FLIP + HOUR)}})
    assert outcome(state, both, PRESENT) is FAILED
    back = looks(judged.state, [seen(9), *(without(minutes, TWO) for minutes in range(10, 14))])
    assert measured(back, PRESENT).outcome is FAILED
    assert back.state.watch is not None
    assert back.state.watch.outcome is FAILED
