"""Faults of the sources are caught by their rules, and by no others."""

from __future__ import annotations

import pytest
from lib.quality.suites import read

from local.environments import dbt_executable
from local.faults import dbt, postflight, preflight, sweep
from local.faults.__main__ import main
from local.faults.caught import Caught
from local.faults.world import CONFIGS, World, new_world
from local.postgres import start_postgres
from local.processes import free_port
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.films import FILMS_FAULTS
from local.warehouse import Warehouse

COMPARED_WITH_BEFORE = (
    "ingest_pg_ledger",
    "ingest_pg_transactions",
    "ingest_s3_credit_bureau",
    "ingest_s3_sanctions",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, server: Warehouse) -> World:
    """A bank, its files, and a warehouse that has loaded what some rules compare with."""
    postgres = start_postgres(tmp_path_factory.mktemp("bank"), free_port())
    made = new_world(postgres.url.rpartition("/")[0], server.login, "FINEDGE_FAULTS")
    preflight.load_before(made, COMPARED_WITH_BEFORE)
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
    found = list(preflight.catch(world, faults))
    assert {one.fault for one in found} == set(SOME)
    assert wrong(found) == []


@pytest.mark.long
def test_faults_of_the_marts_that_are_built_together_do_not_meet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINEDGE_DBT", str(dbt_executable()))
    preflight.load_before(world)
    postflight.build_clean(world)
    for together in postflight.rounds(sweep.after_building()):
        suites = [one.dag_id for one in together]
        for fault in together if len(together) > 1 else ():
            judged = postflight.broken_by(world, [fault], suites)
            found = {one.dag_id: one.rules for one in judged if one.rules}
            assert found == {fault.dag_id: {fault.rule}}


@pytest.mark.long
def test_where_nothing_is_spoilt_every_rule_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINEDGE_DBT", str(dbt_executable()))
    preflight.load_before(world)
    assert not any(preflight.broken_without_faults(world, list(CONFIGS)).values())
    assert [one for one in postflight.build_clean(world) if one.rules] == []


@pytest.mark.long
def test_every_fault_is_caught_by_its_rule_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    told = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in told} == {"fault", *FAULTS}


def test_suites_catch_what_they_have_a_rule_for_and_dbt_the_rest() -> None:
    ours = {one.name for one in (*sweep.before_merging(), *sweep.after_building())}
    dbt = {one.rule for one in FAULTS.values() if one.name not in ours}
    suites = {rule.meta.rule for dag in postflight.MARTS for rule in read(postflight.suite(dag)).expectations}
    assert not dbt & suites


def test_faults_that_are_planted_together_have_rules_of_their_own() -> None:
    for names in dbt.GROUPS.values():
        assert len({FAULTS[name].rule for name in names}) == len(names)


def test_each_fault_is_looked_for_once() -> None:
    suites = [one.name for one in (*sweep.before_merging(), *sweep.after_building())]
    tests = [dbt.STALE, *(name for names in dbt.GROUPS.values() for name in names)]
    assert sorted([*suites, *tests, *(one.name for one in FILMS_FAULTS)]) == sorted(FAULTS)
