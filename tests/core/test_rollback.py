"""What is a rollback, and what it condemns: told by what was here before, never by a message."""

from __future__ import annotations

from reconciler.core.rollback import REMEMBERED, arrived, begun, condemned_by, forward, goes_back
from reconciler.model.plan import Action, Change
from reconciler.model.state import EnvironmentState

EMPTY = EnvironmentState(environment="dev")


def release(number: int) -> str:
    return f"{number:016x}"


def lived_through(*numbers: int) -> EnvironmentState:
    """These releases were begun, one after the other."""
    state = EMPTY
    for number in numbers:
        state = begun(state, release(number))
    return state


def live_one_after_the_other(*numbers: int) -> EnvironmentState:
    """And each was live as a whole before the next."""
    state = EMPTY
    for number in numbers:
        state = arrived(begun(state, release(number)), release(number))
    return state


def bad(*numbers: int) -> frozenset[str]:
    return frozenset(map(release, numbers))


def test_a_new_release_condemns_nothing() -> None:
    assert condemned_by(lived_through(1, 2), release(3)) == bad()


def test_an_older_one_condemns_all_since() -> None:
    assert condemned_by(lived_through(1, 2, 3), release(1)) == bad(2, 3)


def test_it_is_the_same_while_the_rollback_is_under_way_and_after_it() -> None:
    under_way = begun(lived_through(1, 2), release(1))
    assert condemned_by(under_way, release(1)) == under_way.condemned == bad(2)
    assert condemned_by(under_way, release(3)) == bad(2)


def test_to_revert_a_revert_condemns_nothing() -> None:
    back = begun(lived_through(1, 2), release(1))
    assert condemned_by(back, release(2)) == bad()
    assert begun(back, release(2)).condemned == bad()


def test_what_is_long_ago_is_forgotten() -> None:
    state = begun(lived_through(1, 2), release(1))
    for number in range(100, 100 + REMEMBERED):
        state = begun(state, release(number))
    assert (len(state.past), state.condemned) == (REMEMBERED, bad())


def test_only_what_was_live_as_a_whole_is_gone_back_to() -> None:
    waited = begun(live_one_after_the_other(1), release(2))
    assert goes_back(waited, release(1))
    third = arrived(begun(waited, release(3)), release(3))
    assert not goes_back(third, release(2))
    assert goes_back(third, release(1))
    assert condemned_by(third, release(1)) == bad(2, 3)


def test_it_is_gone_back_until_that_is_live_as_a_whole() -> None:
    before = live_one_after_the_other(1, 2)
    under_way = begun(before, release(1))
    assert goes_back(before, release(1))
    assert goes_back(under_way, release(1))
    assert not goes_back(arrived(under_way, release(1)), release(1))


def test_what_was_rolled_back_is_not_gone_back_to() -> None:
    back = arrived(begun(live_one_after_the_other(1, 2), release(1)), release(1))
    assert not goes_back(back, release(2))
    again = begun(back, release(2))
    assert not goes_back(again, release(2))
    assert goes_back(again, release(1))


def test_what_goes_to_code_begun_later_is_no_part_of_a_rollback() -> None:
    state = live_one_after_the_other(1, 2, 3)
    changes = [
        Change(dag_id="bad", action=Action.UPDATE, from_release=release(3), to_release=release(2)),
        Change(dag_id="gone", action=Action.ADD, to_release=release(2)),
        Change(dag_id="kept", action=Action.UPDATE, from_release=release(1), to_release=release(2)),
    ]
    for known in (state, begun(state, release(2))):
        condemned = condemned_by(known, release(2))
        assert [one.dag_id for one in forward(known, release(2), changes, condemned)] == ["kept"]
    over = arrived(begun(state, release(2)), release(2))
    assert len(forward(over, release(2), changes, over.condemned)) == len(changes)


def test_what_is_long_ago_is_no_rollback_any_more() -> None:
    state = live_one_after_the_other(*range(REMEMBERED + 1))
    assert not goes_back(state, release(0))
    assert goes_back(state, release(1))
    assert len(state.was_live) == REMEMBERED
