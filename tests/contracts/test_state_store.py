"""What every state store guarantees: fenced leases, one transaction per commit, a chain without gaps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.memory import MemoryClock, MemoryStateStore
from reconciler.core.chain import verify
from reconciler.model.errors import Conflict
from reconciler.model.reason import ConditionType, Phase, Reason
from reconciler.model.state import Changes, Condition
from reconciler.ports import StateStore
from tests.builders import NOW, event_draft, operation, release_manifest, state, step_record

TTL = 150.0


class OneCallAtATime:
    """A boto3 client whose calls are atomic: moto's transactions are not, DynamoDB's are."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in ("get_item", "update_item", "transact_write_items"):
            return found

        def call(**request: Any) -> Any:
            with self._lock:
                return found(**request)

        return call


def dynamo_table(session: Any) -> Any:
    """A client of a fresh table ``reconciler``."""
    client = session.client("dynamodb")
    client.create_table(
        TableName="reconciler",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return OneCallAtATime(client)


@pytest.fixture(params=["twin", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: MemoryClock) -> StateStore:
    if request.param == "twin":
        return MemoryStateStore(clock)
    return DynamoStateStore(dynamo_table(request.getfixturevalue("aws")), "reconciler", clock)


def test_an_environment_never_seen_is_empty(store: StateStore) -> None:
    assert store.load("dev") == state("dev")
    assert store.events("dev", 0, 10) == ()
    assert store.operations("dev", 10) == ()
    assert store.steps("dev", 1) == ()


def test_a_committed_state_is_loaded_as_it_was(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    unknown = Condition(
        type=ConditionType.READY, status=None, reason=Reason.PROGRESSING, message="?", last_transition_at=NOW
    )
    given = state(release=release_manifest(3)).model_copy(
        update={"conditions": {ConditionType.READY: unknown}}
    )
    returned = store.commit(lease, Changes(state=given))
    assert returned == given
    assert store.load("dev") == given


def test_environments_do_not_see_each_other(store: StateStore) -> None:
    store.append("dev", event_draft())
    lease = store.acquire("prod", "a", TTL)
    store.commit(lease, Changes(state=state("prod"), events=(event_draft(),)))
    assert store.load("dev").sequence == 1
    assert [event.environment for event in store.events("prod", 0, 10)] == ["prod"]


def test_a_held_lease_is_refused_and_the_holder_is_named(store: StateStore) -> None:
    store.acquire("dev", "first", TTL)
    with pytest.raises(Conflict, match="first") as refused:
        store.acquire("dev", "second", TTL)
    assert refused.value.reason is Reason.LEASE_CONTENDED


def test_tokens_grow_over_release_and_expiry(store: StateStore, clock: MemoryClock) -> None:
    first = store.acquire("dev", "a", TTL)
    store.release(first)
    second = store.acquire("dev", "b", TTL)
    clock.advance(TTL)
    third = store.acquire("dev", "c", TTL)
    assert first.token < second.token < third.token
    assert third.expires_at == clock.now() + timedelta(seconds=TTL)


def test_when_a_tick_had_it_last_is_told_with_every_lease(store: StateStore, clock: MemoryClock) -> None:
    first = store.acquire("dev", "looks", TTL)
    assert first.ticked_at is None
    store.release(first)
    tick = store.acquire("dev", "ticks", TTL)
    assert tick.ticked_at is None, "who only looked has not ticked"
    clock.advance(30)
    at = clock.now()
    store.release(tick, ticked=True)
    store.release(tick)
    for _ in range(2):
        clock.advance(60)
        other = store.acquire("dev", "looks", TTL)
        assert other.ticked_at == at
        store.release(other)
    assert store.acquire("prod", "looks", TTL).ticked_at is None


def test_a_tick_that_lost_its_lease_has_not_ticked(store: StateStore, clock: MemoryClock) -> None:
    late = store.acquire("dev", "late", TTL)
    clock.advance(TTL + 1)
    newer = store.acquire("dev", "newer", TTL)
    store.release(late, ticked=True)
    store.release(newer)
    assert store.acquire("dev", "looks", TTL).ticked_at is None


def test_a_lease_is_held_until_its_very_end(store: StateStore, clock: MemoryClock) -> None:
    store.acquire("dev", "a", TTL)
    clock.advance(TTL - 0.001)
    with pytest.raises(Conflict):
        store.acquire("dev", "b", TTL)
    clock.advance(0.001)
    store.acquire("dev", "b", TTL)


def test_the_holder_may_take_its_lease_again(store: StateStore) -> None:
    first = store.acquire("dev", "a", TTL)
    assert store.acquire("dev", "a", TTL).token > first.token


def test_a_late_first_holder_cannot_commit(store: StateStore, clock: MemoryClock) -> None:
    late = store.acquire("dev", "late", TTL)
    clock.advance(TTL + 1)
    newer = store.acquire("dev", "newer", TTL)
    changes = Changes(
        state=state(release=release_manifest(1)).model_copy(update={"operation": operation()}),
        steps=(step_record(),),
        events=(event_draft("late"),),
    )
    with pytest.raises(Conflict) as refused:
        store.commit(late, changes)
    assert refused.value.reason is Reason.LEASE_CONTENDED
    assert store.load("dev") == state("dev")
    assert (store.events("dev", 0, 9), store.operations("dev", 9), store.steps("dev", 1)) == ((), (), ())
    store.commit(newer, Changes(state=state("dev"), events=(event_draft("newer"),)))


def test_a_late_holder_that_releases_takes_nothing_from_the_newer_one(
    store: StateStore, clock: MemoryClock
) -> None:
    late = store.acquire("dev", "late", TTL)
    clock.advance(TTL + 1)
    store.acquire("dev", "newer", TTL)
    store.release(late)
    with pytest.raises(Conflict, match="newer"):
        store.acquire("dev", "third", TTL)


def test_a_lease_given_back_cannot_commit(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    store.release(lease)
    with pytest.raises(Conflict):
        store.commit(lease, Changes(state=state("dev")))


def test_an_expired_lease_that_nobody_took_still_commits(store: StateStore, clock: MemoryClock) -> None:
    lease = store.acquire("dev", "a", TTL)
    clock.advance(TTL + 1)
    assert store.commit(lease, Changes(state=state("dev"), events=(event_draft(),))).sequence == 1


def test_a_commit_numbers_and_chains_its_events(store: StateStore, clock: MemoryClock) -> None:
    lease = store.acquire("dev", "a", TTL)
    after = store.commit(lease, Changes(state=state("dev"), events=(event_draft("1"), event_draft("2"))))
    after = store.commit(lease, Changes(state=after, events=(event_draft("3"),)))
    events = store.events("dev", 0, 10)
    assert [(event.sequence, event.message) for event in events] == [(1, "1"), (2, "2"), (3, "3")]
    assert verify(events, "") is None
    assert (after.sequence, after.chain_hash) == (3, events[-1].hash)
    assert {event.at for event in events} == {clock.now()}


def test_a_commit_goes_on_after_events_that_were_added_meanwhile(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    loaded = store.load("dev")
    appended = store.append("dev", event_draft("meanwhile"))
    after = store.commit(lease, Changes(state=loaded, events=(event_draft("mine"),)))
    assert (appended.sequence, after.sequence) == (1, 2)
    assert verify(store.events("dev", 0, 10), "") is None


def test_a_commit_without_events_keeps_those_added_meanwhile(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    loaded = store.load("dev")
    appended = store.append("dev", event_draft("meanwhile"))
    after = store.commit(lease, Changes(state=loaded))
    assert (after.sequence, after.chain_hash) == (1, appended.hash)
    assert store.load("dev") == after


def test_append_needs_no_lease_and_changes_nothing_but_the_chain(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    committed = store.commit(lease, Changes(state=state(release=release_manifest(2))))
    event = store.append("dev", event_draft())
    expected = {"sequence": 1, "chain_hash": event.hash}
    assert store.load("dev") == committed.model_copy(update=expected)


def test_eight_appenders_and_a_committer_leave_no_gap_and_no_duplicate(store: StateStore) -> None:
    lease = store.acquire("dev", "committer", TTL)
    start = threading.Barrier(9)

    def appender(number: int) -> None:
        start.wait()
        for turn in range(5):
            store.append("dev", event_draft(f"append {number}.{turn}"))

    def committer() -> None:
        start.wait()
        current = store.load("dev")
        for turn in range(5):
            drafts = (event_draft(f"commit {turn}a"), event_draft(f"commit {turn}b"))
            current = store.commit(lease, Changes(state=current, events=drafts))

    with ThreadPoolExecutor(9) as pool:
        racers = [pool.submit(appender, number) for number in range(8)]
        racers.append(pool.submit(committer))
        for racer in racers:
            racer.result()
    events = store.events("dev", 0, 100)
    assert [event.sequence for event in events] == list(range(1, 51))
    assert len({event.message for event in events}) == 50
    assert verify(events, "") is None
    assert store.load("dev").chain_hash == events[-1].hash


def test_events_are_read_in_portions(store: StateStore) -> None:
    for number in range(12):
        store.append("dev", event_draft(str(number)))
    assert [event.sequence for event in store.events("dev", 3, 4)] == [4, 5, 6, 7]
    assert [event.sequence for event in store.events("dev", 9, 100)] == [10, 11, 12]
    assert store.events("dev", 12, 100) == ()
    assert store.events("dev", 0, 0) == ()


def test_every_operation_is_kept_newest_first_in_its_last_form(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    current = state("dev")
    for attempt in (1, 2, 10):
        for phase in (Phase.RUNNING, Phase.SUCCEEDED):
            changed = current.model_copy(update={"operation": operation(attempt, phase=phase)})
            current = store.commit(lease, Changes(state=changed))
    found = store.operations("dev", 10)
    assert [(one.attempt, one.phase) for one in found] == [(n, Phase.SUCCEEDED) for n in (10, 2, 1)]
    assert [one.attempt for one in store.operations("dev", 2)] == [10, 2]


def test_steps_are_kept_per_attempt_in_order_in_their_last_form(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    first, second, other = step_record(1, 1), step_record(1, 2), step_record(2, 1)
    current = store.commit(lease, Changes(state=state("dev"), steps=(second, other, first)))
    done = first.model_copy(update={"finished_at": NOW, "outcome": "done"})
    store.commit(lease, Changes(state=current, steps=(done,)))
    assert store.steps("dev", 1) == (done, second)
    assert store.steps("dev", 2) == (other,)


def test_steps_past_ten_thousand_keep_their_order(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    numbers = (999, 1_000, 9_999, 10_000, 100_000)
    steps = tuple(step_record(1, number) for number in numbers)
    store.commit(lease, Changes(state=state("dev"), steps=steps[::-1]))
    assert [step.number for step in store.steps("dev", 1)] == list(numbers)


def test_what_is_published_never_goes_back(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    for _ in range(5):
        store.append("dev", event_draft())
    stale = store.load("dev")
    store.mark_published("dev", 4)
    store.mark_published("dev", 2)
    assert store.load("dev").published_sequence == 4
    store.commit(lease, Changes(state=stale))
    assert store.load("dev").published_sequence == 4


def test_marking_an_environment_never_seen_does_not_stop_its_first_event(store: StateStore) -> None:
    store.mark_published("dev", 0)
    assert store.append("dev", event_draft()).sequence == 1


def test_a_full_transaction_is_written_and_a_larger_one_is_our_bug(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    drafts = tuple(event_draft(str(number)) for number in range(88))
    after = store.commit(lease, Changes(state=state("dev"), events=drafts))
    assert after.sequence == 88
    with pytest.raises(ValueError, match="commit more often"):
        store.commit(lease, Changes(state=after, events=(*drafts, event_draft("too many"))))
    assert store.load("dev").sequence == 88


def test_a_thousand_dags_fit(store: StateStore) -> None:
    lease = store.acquire("dev", "a", TTL)
    given = state(release=release_manifest(1000))
    store.commit(lease, Changes(state=given))
    assert store.load("dev") == given


def test_of_many_racers_for_a_lease_one_wins(store: StateStore) -> None:
    def race(holder: str) -> bool:
        try:
            store.acquire("dev", holder, TTL)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, [f"tick {number}" for number in range(16)]))
    assert won.count(True) == 1
