"""A watch begins with an operation, knows what it changed, and goes on with the next release."""

from __future__ import annotations

import json
from typing import Any

from reconciler.core.verification import watching
from reconciler.core.verification.tally import excused
from reconciler.model.health import SignalName
from reconciler.model.release import ReleaseManifest
from reconciler.model.seen import Record
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.watch import Judgement, Measurement, SecondTry, Stable, Tally, Watch
from tests import builders
from tests.core.verification.sight import (
    FLIP,
    HOUR,
    MINUTE,
    OLD,
    ONE,
    RELEASE,
    THREE,
    TWO,
    history,
    looks,
    run,
    seen,
    watched,
)
from tests.core.verification.test_bake import watch
from tests.core.verification.test_record import noted

NEXT = builders.release_manifest(3, seed="3.0.0")


def begun(state: EnvironmentState, *changed: str) -> Watch:
    """The next release is begun, which changes these DAGs."""
    return watch(watching.begun(state, NEXT.id, "c" * 40, 3, code(*changed), FLIP + HOUR))


def code(*changed: str) -> dict[str, str]:
    return {
        dag_id: (NEXT if dag_id in changed else RELEASE).dags[dag_id].fingerprint for dag_id in RELEASE.dags
    }


def live(release: ReleaseManifest, dag_id: str, *, since: float = 1, added: bool = False) -> LiveDag:
    return LiveDag(
        pointer=builders.dag_pointer(release, dag_id, since=FLIP + since * MINUTE),
        fingerprint=release.dags[dag_id].fingerprint,
        flipped_at=FLIP,
        added=added,
    )


def test_a_release_that_is_begun_is_watched_and_going_on_is_no_beginning() -> None:
    first = begun(builders.state(release=OLD).model_copy(update={"import_errors": frozenset({"a.py"})}))
    assert (first.release, first.of, first.revision, first.attempt) == (NEXT.id, OLD.id, "c" * 40, 3)
    assert (first.errors_before, first.rollback, first.live_at) == (frozenset({"a.py"}), False, None)
    state = watched(ONE)
    assert watching.begun(state, RELEASE.id, "d" * 40, 9, code(), FLIP + HOUR) == state


def test_what_is_not_proven_goes_on_with_the_next_release() -> None:
    state = watched(ONE, TWO, ran={ONE: 1}, added=frozenset({TWO}))
    after = begun(state)
    assert (set(after.touched), after.ran, set(after.added)) == ({ONE, TWO}, {ONE: 1}, {TWO})
    stable = begun(watched(ONE, TWO, ran={ONE: 1}, stable_at=FLIP))
    assert set(stable.touched) == {TWO}


def test_what_the_next_release_changes_anew_it_does_not_answer_for_until_it_has_flipped_it() -> None:
    after = begun(watched(ONE, TWO, ran={ONE: 1, TWO: 1}), ONE)
    assert (after.touched, after.leaving) == ({TWO: FLIP}, {ONE: FLIP})
    mended = watching.flipped(after, live(RELEASE, ONE), live(NEXT, ONE, since=61))
    assert mended is not None
    assert (mended.touched, mended.leaving) == ({ONE: FLIP + 61 * MINUTE, TWO: FLIP}, {})
    gone = watching.removed(after, ONE)
    assert gone is not None
    assert gone.leaving == {}


def test_what_was_not_flipped_after_all_is_answered_for_by_the_release_after_that() -> None:
    state = watched(ONE, TWO)
    left = state.model_copy(update={"watch": begun(state, ONE)})
    third = watch(watching.begun(left, "3" * 16, "e" * 40, 4, code(TWO), FLIP + 2 * HOUR))
    assert (third.touched, third.leaving) == ({ONE: FLIP}, {TWO: FLIP})
    # As with the same release, once the DAG is pinned to what it runs.
    stays = watch(watching.begun(left, NEXT.id, "e" * 40, 4, code(), FLIP + 2 * HOUR))
    assert (stays.touched, stays.leaving) == ({ONE: FLIP, TWO: FLIP}, {})


def test_a_run_of_the_release_before_condemns_no_cure() -> None:
    bad = (*history(ONE, 20), run(ONE, 9, "failed"), run(ONE, 9.5, "failed"))
    before = looks(watched(ONE), [seen(minute, runs=bad[:-2]) for minute in range(1, 9)]).state
    cure = before.model_copy(update={"watch": begun(before, ONE)})
    assert watch(looks(cure, [seen(minute, runs=bad) for minute in range(61, 70)]).state).failed_at is None
    inherits = before.model_copy(update={"watch": begun(before, TWO)})
    assert watch(looks(inherits, [seen(61, runs=bad)]).state).failed_at == FLIP + 61 * MINUTE


def test_what_was_counted_of_a_dag_that_is_flipped_anew_is_over() -> None:
    state = watch(failing(ONE, TWO, stable=False))
    first = watching.flipped(state, live(OLD, ONE), live(RELEASE, ONE))
    assert first is not None
    assert first.tallies[SignalName.DAGS_PRESENT].outcome is Judgement.FAILED
    both = watching.flipped(first, live(OLD, TWO), live(RELEASE, TWO))
    assert both is not None
    assert both.tallies == {}
    other = watching.flipped(state, live(OLD, THREE), live(RELEASE, THREE))
    assert other is not None
    assert other.tallies == state.tallies


def test_what_is_gone_back_to_is_proven_by_itself() -> None:
    known = Stable(release=NEXT.id, revision="a" * 40, at=FLIP)
    for update in ({"stable": (known,)}, {"going_back": True}):
        after = begun(watched(ONE).model_copy(update=update))
        assert (after.rollback, after.touched) == (True, {})


def test_a_second_try_goes_with_the_code_that_it_is_of() -> None:
    tries = {dag: SecondTry(first=run(dag, 5, "failed"), moved_at=FLIP + HOUR) for dag in (ONE, TWO)}
    state = watched(ONE, TWO, second_tries=tries)
    assert watching.begun(state, RELEASE.id, "d" * 40, 9, code(), FLIP + HOUR) == state
    assert begun(state).second_tries == tries
    assert begun(watched(ONE, TWO, second_tries=tries, ran={ONE: 1}, stable_at=FLIP)).second_tries == {
        TWO: tries[TWO]
    }
    assert begun(state, ONE).second_tries == {TWO: tries[TWO]}
    assert begun(state.model_copy(update={"going_back": True})).second_tries == {}
    flipped = watching.flipped(watch(state), live(OLD, ONE), live(RELEASE, ONE, since=2))
    removed = watching.removed(watch(state), ONE)
    for after in (flipped, removed):
        assert after is not None
        assert after.second_tries == {TWO: tries[TWO]}


def failing(*dags: str, stable: bool) -> EnvironmentState:
    last = Measurement(
        signal=SignalName.DAGS_PRESENT, outcome=Judgement.FAILED, message="It is gone.", dags=dags
    )
    tally = Tally(severity="error", failed=1, outcome=Judgement.FAILED, last=last, worst=last)
    return watched(
        ONE,
        tallies={SignalName.DAGS_PRESENT: tally},
        stable_at=FLIP if stable else None,
        known={SignalName.SCHEDULER: frozenset()},
    )


def test_what_was_wrong_with_a_stable_release_is_known() -> None:
    known = begun(failing(TWO, stable=True)).known
    assert known == {SignalName.DAGS_PRESENT: {TWO}, SignalName.SCHEDULER: frozenset()}
    assert begun(failing(TWO, stable=False)).known == {SignalName.SCHEDULER: frozenset()}


def test_another_test_of_the_same_dag_is_not_what_was_wrong_before() -> None:
    red = [noted(-1440 * number, passed=True) for number in range(9, 0, -1)] + [noted(5, passed=False)]
    state = looks(watched(ONE, stable_at=FLIP), [seen(60, record=Record(tests=tuple(red)))]).state
    after = begun(state, ONE)
    assert after.known == {SignalName.DATA_TESTS: {"unique of MARTS.A"}}
    flipped = watching.flipped(after, live(RELEASE, ONE), live(NEXT, ONE, since=61))
    cure = state.model_copy(update={"watch": flipped})
    for rule, blamed in (("unique", False), ("not_null", True)):
        tests = [noted(-1440 * number, passed=True, rule=rule) for number in range(9, 0, -1)]
        record = Record(tests=(*tests, noted(70, passed=False, rule=rule)))
        judged = watch(looks(cure, [seen(90, record=record)]).state)
        assert (judged.failed_at is not None) is blamed


def test_more_than_is_remembered_is_not_excused_and_older_memory_is_read() -> None:
    tests = tuple(
        noted(minute, passed=minute < 0, rule=f"r{number}{'x' * 200}")
        for number in range(250)
        for minute in (-2880, -1440, -720, 5)
    )
    judged = looks(watched(ONE, stable_at=FLIP), [seen(60, record=Record(tests=tests))])
    last = watch(judged.state).tallies[SignalName.DATA_TESTS].last
    assert last is not None
    assert (len(last.things), last.things[-1], max(map(len, last.things))) == (201, "*", 120)
    known = begun(judged.state).known[SignalName.DATA_TESTS]
    assert len(known) == 200
    assert excused(last, known).outcome is Judgement.FAILED
    old: Any = watch(judged.state).to_json()
    for tally in old["tallies"].values():
        for measurement in (tally.get("last"), tally.get("worst")):
            for field in ("things", "beside"):
                (measurement or {}).pop(field, None)
    for field in ("lost", "leaving"):
        old.pop(field, None)
    older = judged.state.model_copy(update={"watch": Watch.model_validate_json(json.dumps(old))})
    assert begun(older).known == {SignalName.DATA_TESTS: {ONE}}


def test_a_dag_that_is_flipped_to_other_code_is_touched_from_when_its_runs_use_it() -> None:
    before = watch(watched())
    after = watching.flipped(before, live(OLD, ONE), live(RELEASE, ONE, since=2))
    assert after is not None
    assert after.touched == {ONE: FLIP + 2 * MINUTE}
    same = watching.flipped(before, live(RELEASE, ONE), live(RELEASE, ONE, since=5))
    assert same == before
    new = watching.flipped(before, None, live(RELEASE, ONE, added=True))
    assert new is not None
    assert new.added == {ONE}
    assert watching.flipped(None, None, live(RELEASE, ONE)) is None


def test_a_dag_that_is_put_back_is_not_touched_any_more_and_flipped_again_counts_anew() -> None:
    state = watch(watched(ONE, TWO, ran={ONE: 2, TWO: 1}))
    back = watching.flipped(state, live(RELEASE, ONE), live(OLD, ONE))
    assert back is not None
    assert (set(back.touched), back.ran) == ({TWO}, {TWO: 1})
    again = watching.flipped(state, live(OLD, ONE), live(RELEASE, ONE))
    assert again is not None
    assert (set(again.touched), again.ran) == ({ONE, TWO}, {TWO: 1})


def test_a_dag_that_is_deleted_is_removed() -> None:
    after = watching.removed(watch(watched(ONE, THREE)), ONE)
    assert after is not None
    assert (set(after.touched), set(after.removed)) == ({THREE}, {ONE})
    assert watching.removed(None, ONE) is None


def test_minutes_begin_once_when_it_is_live_as_a_whole() -> None:
    state = watched(live=False)
    after = watching.arrived(state, RELEASE.id, FLIP + MINUTE)
    assert watch(after).live_at == FLIP + MINUTE
    assert watching.arrived(after, RELEASE.id, FLIP + HOUR) == after
    assert watching.arrived(state, OLD.id, FLIP) == state
