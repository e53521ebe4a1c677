"""What is a rollback, and what it condemns: told by what was here before, never by a message."""

from __future__ import annotations

from reconciler.core.rollback import REMEMBERED, begun, condemned_by
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
