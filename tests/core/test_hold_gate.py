"""The hold gate: what it holds back, and what it says."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from reconciler.core.gates import hold
from reconciler.model.holds import Hold, Holds, Pin, Quarantined, Reasoned
from reconciler.model.plan import Action, Change
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision
from tests.builders import NOW

ANA = {"by": "Ana", "since": NOW, "reason": "month-end numbers"}
HERE, THERE = "0" * 16, "1" * 16
UPDATE = Change(dag_id="one", action=Action.UPDATE)
BACK = Change(dag_id="two", action=Action.UPDATE, rolls_back=True)
HEAL = Change(dag_id="three", action=Action.HEAL)


def test_nothing_is_held() -> None:
    verdict = hold("dev", Holds(), HERE, [UPDATE])
    assert (verdict.decision, verdict.message) == (Decision.GO, "Nothing is held.")


def test_what_people_changed_waits_and_a_rollback_too_but_not_what_is_put_back() -> None:
    verdict = hold("dev", Holds(holds=(Hold(**ANA),)), HERE, [UPDATE, BACK, HEAL])
    assert (verdict.decision, verdict.reason) == (Decision.WAIT, Reason.HOLD_ESTABLISHED)
    assert verdict.dag_ids == ("one", "two")
    assert "Held by Ana since" in verdict.message
    assert "month-end numbers" in verdict.message
    assert "reconciler release dev" in verdict.message
    assert hold("dev", Holds(holds=(Hold(**ANA),)), HERE, [HEAL]).decision is Decision.GO


def test_the_release_that_is_held_may_be_gone_to() -> None:
    holds = Holds(holds=(Hold(at=HERE, **ANA),))
    assert hold("dev", holds, HERE, [UPDATE]).decision is Decision.GO
    verdict = hold("dev", holds, THERE, [UPDATE])
    assert verdict.decision is Decision.WAIT
    assert f"at release {HERE}" in verdict.message
    both = Holds(holds=(Hold(at=HERE, **ANA), Hold(**ANA)))
    assert hold("dev", both, HERE, [UPDATE]).decision is Decision.WAIT


def test_where_it_is_suspended_nothing_at_all_is_done() -> None:
    verdict = hold("dev", Holds(suspended=Reasoned(**ANA)), HERE, [HEAL])
    assert (verdict.decision, verdict.reason, verdict.dag_ids) == (Decision.WAIT, Reason.SUSPENDED, ())
    assert "reconciler resume dev" in verdict.message


def test_no_more_dags_go_to_a_release_that_was_quarantined_in_the_middle() -> None:
    holds = Holds(quarantine=(Quarantined(release=HERE, **ANA),))
    verdict = hold("dev", holds, HERE, [UPDATE, HEAL])
    assert (verdict.decision, verdict.reason) == (Decision.WAIT, Reason.REVISION_QUARANTINED)
    assert verdict.dag_ids == ("one",)
    assert hold("dev", holds, THERE, [UPDATE]).decision is Decision.GO


def test_times_are_told_in_utc() -> None:
    early = datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=5)))
    verdict = hold("dev", Holds(holds=(Hold(by="Ana", since=early, reason="x"),)), HERE, [UPDATE])
    assert "since 2026-11-20 20:00 UTC" in verdict.message


def test_what_others_hold_besides_is_added_and_nothing_is_taken_out() -> None:
    eve = {**ANA, "by": "Eve"}
    one = Holds(
        suspended=Reasoned(**ANA),
        holds=(Hold(**ANA),),
        pins=(Pin(dag="one", release=HERE, **ANA),),
        quarantine=(Quarantined(release=HERE, **ANA),),
    )
    other = Holds(
        suspended=Reasoned(**eve),
        holds=(Hold(**eve), Hold(at=HERE, **eve)),
        pins=(Pin(dag="one", release=HERE, **eve), Pin(dag="two", release=HERE, **eve)),
        quarantine=(Quarantined(release=THERE, **eve),),
    )
    both = one.and_more(other)
    assert not both.let_go(one)
    assert both.suspended == one.suspended
    assert both.holds == (*one.holds, other.holds[1])
    assert both.pins == (*one.pins, other.pins[1])
    assert both.quarantine == (*one.quarantine, *other.quarantine)
    assert one.and_more(Holds()) == one
    assert Holds().and_more(other) == other


def test_no_more_is_added_than_a_file_may_say() -> None:
    one, other = (
        Holds(
            holds=tuple(Hold(at=f"{number:016x}", **ANA) for number in numbers),
            pins=tuple(Pin(dag=f"d{number}", release=HERE, **ANA) for number in range(first, first + 100)),
        )
        for first, numbers in ((0, range(20)), (100, range(20, 40)))
    )
    assert one.and_more(other) == one
