"""The chain of events: numbers without gaps, and every change shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.chain import link, verify
from reconciler.model.event import Event
from reconciler.model.reason import Severity
from tests.builders import NOW, event_draft


def chain(n: int = 4, start: int = 0, start_hash: str = "") -> tuple[Event, ...]:
    return link(start, start_hash, [event_draft(f"event {i}") for i in range(n)], "dev", NOW)


def test_events_are_numbered_on_from_the_state() -> None:
    assert [event.sequence for event in chain(3, start=7)] == [8, 9, 10]


def test_each_event_carries_the_hash_of_the_one_before() -> None:
    first, second = chain(2, start_hash="start")
    assert (first.previous_hash, second.previous_hash) == ("start", first.hash)


def test_linking_in_two_parts_equals_linking_at_once() -> None:
    together = chain(4)
    drafts = [event_draft(f"event {i}") for i in range(4)]
    first = link(0, "", drafts[:2], "dev", NOW)
    assert first + link(2, first[-1].hash, drafts[2:], "dev", NOW) == together


def test_no_drafts_no_events() -> None:
    assert link(5, "h", [], "dev", NOW) == ()
    assert verify([], "h") is None


def test_a_whole_chain_is_good_and_so_is_a_part_of_it() -> None:
    events = chain(5)
    assert verify(events, "") is None
    assert verify(events[2:], events[1].hash) is None


def test_a_chain_is_still_good_after_a_round_trip_through_json() -> None:
    at = NOW + timedelta(microseconds=1)
    events = link(0, "", [event_draft("äöü €"), event_draft("two")], "dev", at)
    assert (
        verify([Event.model_validate_json(event.model_dump_json(by_alias=True)) for event in events], "")
        is None
    )


@pytest.mark.parametrize(
    "change",
    [
        {"message": "nothing happened"},
        {"severity": Severity.ERROR},
        {"at": NOW + timedelta(seconds=1)},
        {"evidence": ("more",)},
        {"revision": None},
        {"environment": "prod"},
        {"hash": "0" * 64},
    ],
)
def test_a_changed_event_shows_at_its_sequence(change: dict[str, object]) -> None:
    events = list(chain(4))
    events[1] = events[1].model_copy(update=change)
    assert verify(events, "") == 2


def test_a_changed_event_with_a_recomputed_hash_shows_at_the_next_one() -> None:
    events = list(chain(4))
    (forged,) = link(1, events[0].hash, [event_draft("forged")], "dev", NOW)
    events[1] = forged
    assert verify(events, "") == 3


def test_a_missing_event_shows_at_the_one_after_it() -> None:
    events = chain(4)
    assert verify(events[:1] + events[2:], "") == 3


def test_a_repeated_or_swapped_event_shows() -> None:
    one, two, three = chain(3)
    assert verify([one, two, two, three], "") == 2
    assert verify([one, three, two], "") == 3


def test_a_chain_that_begins_elsewhere_shows_at_its_first_event() -> None:
    assert verify(chain(2), "another start") == 1
