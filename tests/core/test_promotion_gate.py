"""Which versions have shown upstream what is asked of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.core.gates.promotion import promotion, revoked, still_good
from reconciler.model.component import Component
from reconciler.model.plan import Action, Change
from reconciler.model.policy import PromotionPolicy
from reconciler.model.reason import Health, Phase, Reason, TriggeredBy
from reconciler.model.state import Applied, EnvironmentState, Operation
from reconciler.model.verdict import Decision, Verdict
from reconciler.model.watch import Judgement, Rehearsal, Stable, Watch
from tests.builders import NOW, desired

MINUTE = timedelta(minutes=1)
GOOD, BAD = "a" * 16, "b" * 16


def ran(
    release: str = GOOD,
    phase: Phase = Phase.SUCCEEDED,
    at: datetime = NOW - 60 * MINUTE,
    **versions: str,
) -> Operation:
    return Operation(
        attempt=1,
        revision="c" * 40,
        release=release,
        triggered_by=TriggeredBy.COMMIT,
        phase=phase,
        message="",
        plan_digest="",
        versions=versions or {"dags": "1.1.0", "dbt": "1.1.0"},
        started_at=at,
        finished_at=at,
    )


def verdict(
    *operations: Operation, upstream: EnvironmentState | None = None, soak: float = 0, **changed: str
) -> Verdict:
    state = upstream or EnvironmentState(environment="staging", delivery=Health.HEALTHY)
    policy = PromotionPolicy(verified=True, soak_minutes=soak)
    return promotion(policy, state, operations, changed or {"dags": "1.1.0"}, NOW)


def test_what_was_verified_there_may_come_here() -> None:
    found = verdict(ran(), dags="1.1.0", dbt="1.1.0")
    assert (found.decision, found.reason) == (Decision.GO, Reason.GATE_OPEN)
    assert [line.split(" verified")[0] for line in found.evidence] == ["dags 1.1.0", "dbt 1.1.0"]


def test_each_component_may_have_been_verified_in_a_release_of_its_own() -> None:
    both = ran(dags="1.1.0", dbt="1.0.0"), ran(dags="1.0.0", dbt="1.1.0")
    assert verdict(*both, dags="1.1.0", dbt="1.1.0").decision is Decision.GO


@pytest.mark.parametrize(
    ("operations", "said"),
    [
        ((), "dags 1.1.0 was not verified in staging"),
        ((ran(dags="1.0.0"),), "dags 1.1.0 was not verified in staging"),
        ((ran(phase=Phase.FAILED),), "dags 1.1.0 was not verified in staging"),
        ((ran(phase=Phase.RUNNING),), "dags 1.1.0 was not verified in staging"),
        ((ran(phase=Phase.ERROR),), "dags 1.1.0 was not verified in staging"),
        ((ran(BAD),), "dags 1.1.0 was rolled back in staging"),
    ],
)
def test_what_was_not_waits(operations: tuple[Operation, ...], said: str) -> None:
    state = EnvironmentState(environment="staging", delivery=Health.HEALTHY, condemned=frozenset({BAD}))
    found = verdict(*operations, upstream=state)
    assert (found.decision, found.reason, found.dag_ids) == (Decision.WAIT, Reason.DEPENDENCY_NOT_READY, ())
    assert said in found.message
    assert found.evidence == (said,)


def test_one_that_was_rolled_back_and_is_good_in_another_release_may() -> None:
    state = EnvironmentState(environment="staging", condemned=frozenset({BAD}))
    assert verdict(ran(BAD), ran(GOOD), upstream=state).decision is Decision.GO


def test_it_has_to_have_run_there_long_enough() -> None:
    found = verdict(ran(), soak=61)
    assert (found.decision, found.until) == (Decision.WAIT, NOW + MINUTE)
    assert "dags 1.1.0 is to run in staging until" in found.message
    assert verdict(ran(), soak=60).decision is Decision.GO
    assert verdict(ran(), ran(at=NOW), soak=60).decision is Decision.GO
    newer = verdict(ran(), ran(at=NOW, dbt="1.2.0"), soak=60, dags="1.1.0", dbt="1.2.0")
    assert newer.until == NOW + 60 * MINUTE


def test_where_nothing_changes_nothing_has_to_be_shown() -> None:
    policy = PromotionPolicy(verified=True, soak_minutes=60)
    found = promotion(policy, EnvironmentState(environment="staging"), (), {}, NOW)
    assert found.decision is Decision.GO


def test_only_the_time_for_which_it_ran_counts() -> None:
    briefly = ran(at=NOW - 60 * MINUTE), ran("c" * 16, at=NOW - 59 * MINUTE, dags="1.2.0")
    found = verdict(*briefly, soak=30)
    assert (found.decision, found.until) == (Decision.WAIT, None)
    assert "dags 1.1.0 did not run in staging for long enough" in found.message
    long_ago = ran(at=NOW - 600 * MINUTE), ran("c" * 16, at=NOW - 59 * MINUTE, dags="1.2.0")
    assert verdict(*long_ago, soak=30).decision is Decision.GO


def test_a_release_of_which_a_dag_stayed_behind_proves_nothing() -> None:
    held_back = ran().model_copy(update={"pinned": frozenset({"films"})})
    assert verdict(held_back).decision is Decision.WAIT


@pytest.mark.parametrize(
    ("operations", "condemned", "taken_back"),
    [
        ([ran(GOOD)], set(), False),
        ([ran(GOOD)], {GOOD}, True),
        ([ran(GOOD), ran(BAD)], {BAD}, False),
        ([], set(), False),
        ([], {GOOD}, True),
        ([ran("c" * 16, phase=Phase.FAILED)], set(), False),
    ],
)
def test_what_was_taken_back_is_good_no_more(
    operations: list[Operation], condemned: set[str], taken_back: bool
) -> None:
    upstream = EnvironmentState(environment="staging", condemned=frozenset(condemned))
    found = revoked(upstream, operations, {"dags": "1.1.0"}, GOOD, NOW)
    assert bool(found) is taken_back


def test_only_what_is_still_to_go_there_is_held_back() -> None:
    changes = [
        Change(dag_id="one", action=Action.UPDATE, from_release=BAD, to_release=GOOD),
        Change(dag_id="two", action=Action.HEAL, from_release=BAD, to_release=BAD),
    ]
    held = still_good(["dags 1.1.0 was rolled back in staging"], changes)
    assert (held.decision, held.dag_ids) == (Decision.WAIT, ("one",))
    assert still_good(["dags 1.1.0 was rolled back in staging"], changes[1:]).decision is Decision.GO
    assert still_good([], changes).decision is Decision.GO


def after_a_bake(*stable: str, **more: object) -> EnvironmentState:
    """Staging, where these releases became Stable."""
    known = tuple(Stable(release=one, revision="c" * 40, at=NOW) for one in stable)
    state = EnvironmentState(environment="staging", delivery=Health.HEALTHY, stable=known)
    return state.model_copy(update=more)


def test_what_is_judged_failed_there_now_goes_no_further() -> None:
    watch = Watch(release=GOOD, revision="c" * 40, attempt=1, begun_at=NOW, outcome=Judgement.FAILED)
    live = Applied(revision="c" * 40, release=GOOD, desired=desired({Component.DAGS: "1.1.0"}), at=NOW)
    found = asked(after_a_bake(GOOD, watch=watch, applied=live), verified=True)
    assert found.decision is Decision.WAIT
    assert found.message.startswith("dags 1.1.0 runs in staging, which is degraded.")


def asked(upstream: EnvironmentState, release: str | None = None, **policy: bool) -> Verdict:
    return promotion(
        PromotionPolicy.model_validate(policy), upstream, [ran()], {"dags": "1.1.0"}, NOW, release
    )


def test_only_what_is_stable_there_comes_here_where_that_is_asked() -> None:
    assert asked(after_a_bake(), verified=True).decision is Decision.GO
    assert asked(after_a_bake(GOOD), stable=True).decision is Decision.GO
    found = asked(after_a_bake(BAD), stable=True)
    assert (found.decision, found.reason) == (Decision.WAIT, Reason.DEPENDENCY_NOT_READY)
    assert "dags 1.1.0 did not become Stable in staging" in found.message


def test_one_that_is_being_watched_says_so() -> None:
    watch = Watch(release=GOOD, revision="c" * 40, attempt=1, begun_at=NOW)
    found = asked(after_a_bake(watch=watch), stable=True)
    assert "dags 1.1.0 is watched in staging, and not Stable yet" in found.message


def test_what_was_stable_and_rolled_back_since_is_not() -> None:
    upstream = after_a_bake(BAD, condemned=frozenset({BAD}))
    policy = PromotionPolicy(stable=True)
    found = promotion(policy, upstream, [ran(BAD), ran(GOOD)], {"dags": "1.1.0"}, NOW)
    assert "dags 1.1.0 did not become Stable in staging" in found.message


def test_a_release_that_changed_no_dag_there_is_known_by_its_id() -> None:
    assert asked(after_a_bake("d" * 16), "d" * 16, stable=True).decision is Decision.GO
    assert asked(after_a_bake("d" * 16), "e" * 16, stable=True).decision is Decision.WAIT


def test_going_back_from_it_has_to_have_been_tried_where_that_is_asked() -> None:
    tried = Rehearsal(release=GOOD, to=BAD, at=NOW, back_seconds=12.4, forth_seconds=9)
    found = asked(after_a_bake(GOOD), stable=True, rehearsed=True)
    assert found.decision is Decision.WAIT
    assert "dags 1.1.0 was not gone back from, for a try, in staging" in found.message
    assert "`reconciler rehearse staging`" in found.message
    of_another = after_a_bake(GOOD, rehearsals=(tried.model_copy(update={"release": BAD}),))
    assert asked(of_another, rehearsed=True).decision is Decision.WAIT
    well = asked(after_a_bake(rehearsals=(tried,)), GOOD, rehearsed=True)
    assert well.decision is Decision.GO
    assert well.evidence[-1] == (
        "going back was rehearsed in staging at 2026-11-21 05:00:00 UTC: 12 s back, 9 s forth"
    )


def test_what_is_not_even_verified_says_that_alone() -> None:
    found = promotion(
        PromotionPolicy(stable=True, rehearsed=True), after_a_bake(), (), {"dags": "1.1.0"}, NOW
    )
    assert found.evidence == ("dags 1.1.0 was not verified in staging",)
