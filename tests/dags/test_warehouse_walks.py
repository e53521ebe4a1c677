"""Whatever was run, repeated, killed and changed before: in the end the warehouse holds one clean run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from local.warehouse import Warehouse
from tests.dags.warehouse_world import INTERVALS, Database, World, batch, checksum


def begun() -> World:
    world = World()
    for interval in range(INTERVALS):
        for key in range(3):
            world.write(10 * interval + key, interval, 100 * interval + key)
        world.deliver(interval, [1, 2, 3])
    return world


@pytest.fixture(scope="module")
def databases(warehouse: Warehouse) -> Iterator[tuple[Database, Database]]:
    one, other = Database(warehouse).prepare(), Database(warehouse).prepare()
    with closing(one.connection), closing(other.connection):
        yield one, other


def clean_run(database: Database, world: World) -> Database:
    """Each interval once, in order, on the source as it is now."""
    database.empty()
    for number in range(INTERVALS):
        database.run(world, number)
    return database


INTERVAL = st.integers(0, INTERVALS - 1)
KEYS = st.sampled_from([0, 1, 10, 11, 20, 50])
STEPS = st.one_of(
    st.tuples(st.just("run"), INTERVAL),
    st.tuples(st.just("crash"), INTERVAL, st.integers(1, 17), st.booleans()),
    st.tuples(st.just("crash"), INTERVAL, st.integers(1, 17), st.booleans()),
    st.tuples(st.just("backfill"), INTERVAL, INTERVAL),
    st.tuples(st.just("write"), KEYS, INTERVAL, st.integers(0, 999)),
    st.tuples(st.just("deliver"), INTERVAL, st.lists(st.integers(0, 999), max_size=4)),
)


def take(database: Database, world: World, step: tuple[object, ...]) -> None:
    match step:
        case ("run", int(number)):
            database.run(world, number)
        case ("crash", int(number), int(at), bool(before)):
            database.crash(world, number, at, before=before)
        case ("backfill", int(one), int(other)):
            for number in range(one, other, 1 if other > one else -1):
                database.run(world, number)
        case ("write", int(key), int(interval), int(cents)):
            world.write(key, interval, cents)
        case ("deliver", int(interval), list(cents)):
            world.deliver(interval, cents)


# Not made smaller: each walk takes a second, and a failing one is printed with its steps.
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(STEPS, min_size=3, max_size=8))
def test_any_walk_ends_as_one_clean_run(
    databases: tuple[Database, Database], steps: list[tuple[object, ...]]
) -> None:
    world, database = begun(), databases[0].empty()
    for step in steps:
        take(database, world, step)
    for number in sorted(world.stale, reverse=True):
        database.run(world, number)
    found, wanted = database.contents(), clean_run(databases[1], world).contents()
    assert found == wanted
    assert checksum(found) == checksum(wanted)
    assert [row[0] for row in found["manifest"]] == [batch(number).id for number in range(INTERVALS)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_statement_all_or_nothing_is_loaded(
    databases: tuple[Database, Database], before: bool
) -> None:
    world, database = begun(), databases[0].empty()
    database.run(world, 0)
    database.run(world, 1)
    untouched = database.contents()
    world.write(10, 1, 555)
    world.deliver(1, [7, 8])
    other = databases[1].empty()
    for number in (0, 1):
        other.run(world, number)
    loaded, at, seen = other.contents(), 1, []
    while database.crash(world, 1, at, before=before):
        found = database.contents()
        assert found in (untouched, loaded), at
        seen.append(found == loaded)
        at += 1
    assert at > 12
    assert seen == sorted(seen)
    assert database.contents() == loaded
