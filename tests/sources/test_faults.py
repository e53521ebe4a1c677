"""Each fault breaks the rule that it names, and no other."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from local import films_source
from local.sources.database import Connection
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import FileFault, TableFault
from local.sources.faults.files import FILE_FAULTS
from local.sources.faults.films import FILMS_FAULTS
from local.sources.faults.market import MARKET_FAULTS
from local.sources.faults.tables import TABLE_FAULTS
from local.sources.landing import deliver
from local.sources.times import Interval
from tests.sources import feed_rules, table_rules
from tests.sources.conftest import BANK
from tests.sources.feed_rules import Files, day, of, table
from tests.sources.reconciliation import differences

# Let through, these differ from what the bank received as well.
ALSO_FOUND_BY = {"settlement_file_twice": {"unmatched_value"}, "payout_net_wrong": {"unmatched_value"}}
TUESDAY, SUNDAY = date(2026, 3, 3), date(2026, 3, 8)


@pytest.fixture(scope="session")
def files() -> Files:
    """Two Sundays and what lies between."""
    made: Files = {}
    deliver(made.__setitem__, BANK, Interval.of_day(date(2026, 3, 1), 8))
    return made


def broken_by(files: Files, bank: Connection) -> set[str]:
    """The rules that do not hold in the files, alone and beside the database."""
    seeded = {key: content for key, content in files.items() if day(key) in ("2026-03-02", "2026-03-03")}
    people = {name for (name,) in bank.execute("SELECT full_name FROM core.customers").fetchall()}
    listed = {row["full_name"] for _, content in of(files, "sanctions") for row in table(content)}
    beside = {"unmatched_value"} if differences(seeded, bank) else set()
    return feed_rules.broken(files) | beside | ({"no_customer_listed"} if people & listed else set())


def test_without_a_fault_all_rules_hold(bank: Connection, files: Files) -> None:
    assert table_rules.broken(bank) == set()
    assert broken_by(files, bank) == set()


@pytest.mark.parametrize("fault", TABLE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_a_table_breaks_its_rule(fault: TableFault, spare: Connection) -> None:
    with spare.transaction(force_rollback=True):
        fault.plant(spare, TUESDAY)
        assert table_rules.broken(spare) == {fault.rule}


@pytest.mark.parametrize("fault", FILE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_a_file_breaks_its_rule(fault: FileFault, files: Files, bank: Connection) -> None:
    before = dict(files)
    of_day = SUNDAY if fault.feed == "credit_bureau" else TUESDAY
    spoilt = fault.plant(files, BANK, of_day)
    found = broken_by(spoilt, bank)
    assert found == {fault.rule} | ALSO_FOUND_BY.get(fault.name, set())
    assert files == before
    assert spoilt == fault.plant(files, BANK, of_day)


@pytest.mark.parametrize("name", ["amount_missing", "revenue_dip", "repayment_of_no_loan"])
def test_a_table_without_rows_of_the_day_cannot_be_spoilt(name: str, spare: Connection) -> None:
    fault = FAULTS[name]
    assert isinstance(fault, TableFault)
    with pytest.raises(LookupError, match=f"{name}: nothing of 2026-05-01"):
        fault.plant(spare, date(2026, 5, 1))
    assert table_rules.broken(spare) == set()


def test_files_that_did_not_come_cannot_be_spoilt(files: Files) -> None:
    for fault in FILE_FAULTS:
        with pytest.raises(LookupError, match=f"{fault.feed} has no files of 2026-05-01"):
            fault.plant(files, BANK, date(2026, 5, 1))


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len(FAULTS) == sum(map(len, (TABLE_FAULTS, FILMS_FAULTS, FILE_FAULTS, MARKET_FAULTS)))
    beside = {"columns_match", "unmatched_value", "no_customer_listed"}
    rules = set(table_rules.RULES) | set(feed_rules.RULES) | beside
    assert {fault.rule for fault in (*TABLE_FAULTS, *FILE_FAULTS)} == rules


def test_every_pipeline_has_a_fault() -> None:
    assert len({fault.dag_id for fault in FAULTS.values()}) == 25


@pytest.mark.parametrize("fault", FILMS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_the_films_breaks_its_rule(fault: TableFault, server: str) -> None:
    rules = {
        "rating_in_range": b"SELECT 1 FROM films WHERE user_rating NOT BETWEEN 1 AND 5",
        "actor_exists": b"SELECT 1 FROM film_actors LEFT JOIN actors a USING (actor_id) WHERE a IS NULL",
    }
    films_source.seed(f"{server}/films_source", f"{server}/films_destination")
    with psycopg.connect(f"{server}/films_source") as films, films.transaction(force_rollback=True):
        assert not any(films.execute(rule).fetchone() for rule in rules.values())
        fault.plant(films, TUESDAY)
        assert {name for name, rule in rules.items() if films.execute(rule).fetchone()} == {fault.rule}
