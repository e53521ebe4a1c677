"""The state store on DynamoDB: layout, sizes, and what transactions answer."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from reconciler.adapters.dynamodb_items import MAX_STATE_BYTES, packed, unpacked
from reconciler.adapters.dynamodb_state import TRIES, DynamoStateStore
from reconciler.adapters.memory import MemoryClock
from reconciler.core.identity import sha256
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.plan import HistoryEntry
from reconciler.model.state import Changes, EnvironmentState
from tests.builders import NOW, event_draft, operation, release_manifest, state, step_record
from tests.contracts.test_state_store import TTL, dynamo_table

ITEM_LIMIT = 400 * 1024


@pytest.fixture
def table(aws: Any) -> Any:
    return dynamo_table(aws)


@pytest.fixture
def store(table: Any, clock: MemoryClock) -> DynamoStateStore:
    return DynamoStateStore(table, "reconciler", clock)


def with_histories(n_dags: int, n_entries: int) -> EnvironmentState:
    """A state whose DAGs all have histories of their own, as far apart as can be."""
    given = state(release=release_manifest(n_dags))
    live = {}
    for dag_id, dag in given.live.items():
        history = tuple(
            HistoryEntry(
                release=sha256(f"{dag_id}{number}".encode())[:16],
                archive_sha256=sha256(f"{dag_id}-{number}".encode()),
                file=f"dags/{dag_id}.py",
                since=NOW,
            )
            for number in range(n_entries)
        )
        pointer = dag.pointer.model_copy(update={"history": history})
        live[dag_id] = dag.model_copy(update={"pointer": pointer})
    return given.model_copy(update={"live": live})


def test_a_thousand_dags_with_long_histories_fit_an_item() -> None:
    # 1,000 DAGs on one release take 0.1 MB, with five releases each that no other DAG has 0.35 MB.
    assert len(packed(state(release=release_manifest(1_000)))) < 120_000
    assert len(packed(with_histories(1_000, 5))) < MAX_STATE_BYTES < ITEM_LIMIT


def test_a_state_too_large_for_an_item_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Terminal, match=r"3000 DAGs.*Divide the environment"):
        packed(with_histories(3_000, 5))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", gzip.compress(b"{"), gzip.compress(b"{}")[:-9], gzip.compress(b'{"watch": {"who": 1}}')],
    ids=["nothing", "not packed", "no JSON", "cut off", "of another version"],
)
def test_a_state_that_cannot_be_read_names_its_environment(body: bytes) -> None:
    with pytest.raises(Terminal, match="What is remembered of prod cannot be read: "):
        unpacked("prod", {"body": {"B": body}})


def test_everything_of_an_environment_lies_under_one_key(store: DynamoStateStore, table: Any) -> None:
    lease = store.acquire("dev", "a", TTL)
    changed = state("dev").model_copy(update={"operation": operation(3)})
    store.commit(lease, Changes(state=changed, steps=(step_record(3, 7),), events=(event_draft(),)))
    items = table.scan(TableName="reconciler")["Items"]
    assert {item["pk"]["S"] for item in items} == {"ENV#dev"}
    assert sorted(item["sk"]["S"] for item in items) == [
        "EVT#0000000001",
        "LEASE",
        "OP#00000003",
        "STATE",
        "STEP#00000003#000007",
    ]
    (kept,) = (item for item in items if item["sk"]["S"] == "STATE")
    assert (kept["sequence"]["N"], "chain_hash" in kept) == ("1", True)


def test_a_commit_after_a_load_takes_one_call(table: Any, clock: MemoryClock) -> None:
    calls: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name not in ("exceptions", "meta"):
                calls.append(name)
            return getattr(table, name)

    store = DynamoStateStore(Counting(), "reconciler", clock)  # type: ignore[arg-type]
    lease = store.acquire("dev", "a", TTL)
    store.commit(lease, Changes(state=store.load("dev"), events=(event_draft(),)))
    assert calls == ["update_item", "get_item", "transact_write_items"]


def refused(store_clock: MemoryClock, aws: Any, *rounds: list[str]) -> DynamoStateStore:
    """A store whose transactions are cancelled for these reasons, round by round."""
    client = aws.client("dynamodb")
    stub = Stubber(client)
    for reasons in rounds:
        stub.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            "Transaction cancelled",
            400,
            modeled_fields={"CancellationReasons": [{"Code": reason} for reason in reasons]},
        )
        stub.add_response("get_item", {"Item": {"sequence": {"N": "5"}, "chain_hash": {"S": "h"}}})
    stub.activate()
    return DynamoStateStore(client, "reconciler", store_clock)


def commit(store: DynamoStateStore) -> EnvironmentState:
    from reconciler.model.lease import Lease

    lease = Lease(environment="dev", holder="a", token=1, expires_at=NOW)
    return store.commit(lease, Changes(state=state("dev"), events=(event_draft(),)))


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_passes(clock: MemoryClock, aws: Any, code: str) -> None:
    with pytest.raises(Transient, match="throttles"):
        commit(refused(clock, aws, ["None", code, "None"]))


def test_a_lost_lease_counts_more_than_a_lost_race(clock: MemoryClock, aws: Any) -> None:
    with pytest.raises(Conflict, match="not the newest"):
        commit(refused(clock, aws, ["ConditionalCheckFailed", "ConditionalCheckFailed", "None"]))


def test_two_transactions_at_once_try_again(clock: MemoryClock, aws: Any) -> None:
    racing = ["None", "TransactionConflict", "None"]
    with pytest.raises(Conflict, match="not the newest"):
        commit(refused(clock, aws, racing, racing, ["ConditionalCheckFailed", "None", "None"]))
    assert len(clock.slept) == 2


def test_a_race_that_never_ends_is_left_to_a_later_tick(clock: MemoryClock, aws: Any) -> None:
    overtaken = ["None", "ConditionalCheckFailed", "None"]
    with pytest.raises(Transient, match="no free number"):
        commit(refused(clock, aws, *[overtaken] * TRIES))
    assert sum(clock.slept) < 15


def test_a_malformed_transaction_is_our_bug(clock: MemoryClock, aws: Any) -> None:
    with pytest.raises(ClientError, match="Transaction cancelled"):
        commit(refused(clock, aws, ["None", "ValidationError", "None"]))


def test_a_missing_table_says_what_to_do(clock: MemoryClock, aws: Any) -> None:
    store = DynamoStateStore(aws.client("dynamodb"), "nowhere", clock)
    for call in (
        lambda: store.load("dev"),
        lambda: store.append("dev", event_draft()),
        lambda: store.acquire("dev", "a", TTL),
        lambda: store.events("dev", 0, 1),
    ):
        with pytest.raises(Terminal, match=r"nowhere.*Deploy the stack"):
            call()


def test_an_event_that_is_kept_is_never_written_over(store: DynamoStateStore, table: Any) -> None:
    first = store.append("dev", event_draft("first"))
    # The position is lost, as if a person had restored an old STATE: the number 1 seems free.
    table.delete_item(TableName="reconciler", Key={"pk": {"S": "ENV#dev"}, "sk": {"S": "STATE"}})
    with pytest.raises(Transient):
        store.append("dev", event_draft("second"))
    assert store.events("dev", 0, 9) == (first,)
