"""Faults of the sources are caught by their rules, and by no others."""

from __future__ import annotations

import pytest
from lib.quality.suites import read

from local.environments import dbt_executable
from local.faults import postflight, preflight, sweep
from local.faults.caught import Caught
from local.faults.world import CONFIGS, World, new_world
from local.postgres import start_postgres
from local.processes import free_port
from local.sources.faults.catalogue import FAULTS
from local.warehouse import Warehouse


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, server: Warehouse) -> World:
    """A bank, its files, and a warehouse that has loaded what came before."""
    postgres = start_postgres(tmp_path_factory.mktemp("bank"), free_port())
    made = new_world(postgres.url.rpartition("/")[0], server.login, "FINEDGE_FAULTS")
    preflight.load_before(made)
    yield made
    postgres.process.stop()


def wrong(found: list[Caught]) -> list[Caught]:
    return [one for one in found if not one.right]


# Seen by who reads; in a row; in a group; beside what came before; beside the source; by a distribution.
SOME = (
    "trailer_total_off",
    "card_number_in_full",
    "closing_balance_off",
    "list_truncated",
    "transactions_missing",
    "entry_backdated",
    "scores_shifted",
)


def test_a_fault_of_each_kind_is_stopped_by_its_rule_alone(world: World) -> None:
    faults = [one for one in sweep.before_merging() if one.name in SOME]
    found = preflight.catch(world, faults)
    assert {one.fault for one in found} == set(SOME)
    assert wrong(found) == []


@pytest.mark.long
def test_every_fault_is_stopped_by_its_rule_alone(world: World) -> None:
    faults = sweep.before_merging()
    assert {fault.dag_id for fault in faults} == set(CONFIGS)
    assert wrong(preflight.catch(world, faults)) == []
    assert not any(preflight.broken_without_faults(world, list(CONFIGS)).values())


@pytest.mark.long
def test_what_gets_into_the_marts_is_caught_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINEDGE_DBT", str(dbt_executable()))
    assert [one for one in postflight.build_clean(world) if one.rules] == []
    found = postflight.catch(world, sweep.after_building())
    assert len(found) == 8
    assert wrong(found) == []


def test_suites_catch_what_they_have_a_rule_for_and_dbt_the_rest() -> None:
    ours = {one.name for one in (*sweep.before_merging(), *sweep.after_building())}
    dbt = {one.rule for one in FAULTS.values() if one.name not in ours}
    suites = {rule.meta.rule for dag in postflight.MARTS for rule in read(postflight.suite(dag)).expectations}
    assert not dbt & suites


def test_the_table_tells_what_got_away() -> None:
    right = Caught("one", "a_dag", "rule", frozenset({"rule"}), "a_suite")
    escaped = Caught("two", "a_dag", "rule", frozenset(), "a_suite")
    mistaken = Caught("three", "a_dag", "rule", frozenset({"rule", "other"}), "a_suite")
    assert sweep.lines([right, escaped, mistaken]) == [
        "fault  rule  caught           by",
        "one    rule  yes              a_suite",
        "two    rule  NO: nothing      a_suite",
        "three  rule  NO: other, rule  a_suite",
    ]
