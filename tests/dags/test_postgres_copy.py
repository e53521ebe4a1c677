"""Copying ends with the source's rows, once each, however often it runs and wherever it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import psycopg2
import pytest
from lib.films_tables import FILMS_TABLES
from lib.postgres_copy import CountsDiffer, NothingThere, Table, is_starting, missing_tables, replace_tables

from local.films_source import rows
from tests.dags.conftest import ROOT, Databases, execute, fetch

COUNTS = {name: len(content) for name, content in rows().items()}
NAMES = [table.name for table in FILMS_TABLES]


def copy(databases: Databases, tables: Iterator[Table] | tuple[Table, ...] = FILMS_TABLES) -> dict[str, int]:
    with (
        closing(psycopg2.connect(databases.source)) as source,
        closing(psycopg2.connect(databases.destination)) as destination,
    ):
        return replace_tables(source, destination, tables, "raw")


def contents(url: str, schema: str) -> dict[str, list[tuple[object, ...]]]:
    columns = {table.name: ", ".join(table.columns) for table in FILMS_TABLES}
    return {name: sorted(fetch(url, f"SELECT {columns[name]} FROM {schema}.{name}")) for name in NAMES}


def test_every_row_arrives_once_and_the_counts_say_so(databases: Databases) -> None:
    assert copy(databases) == COUNTS
    assert contents(databases.destination, "raw") == contents(databases.source, "public")


def test_running_again_changes_nothing(databases: Databases) -> None:
    copy(databases)
    before = contents(databases.destination, "raw")
    for _ in range(3):
        assert copy(databases) == COUNTS
    assert contents(databases.destination, "raw") == before


def test_what_is_changed_or_deleted_in_the_source_follows(databases: Databases) -> None:
    copy(databases)
    execute(
        databases.source,
        "DELETE FROM film_actors WHERE film_id = 1",
        "DELETE FROM film_category WHERE film_id = 1",
        "DELETE FROM films WHERE film_id = 1",
        "UPDATE films SET title = E'Tab\\tnewline\\nbackslash\\\\ \u00e9' WHERE film_id = 2",
        "INSERT INTO users VALUES (1000, NULL, '', 'a@b', NULL)",
    )
    copy(databases)
    assert contents(databases.destination, "raw") == contents(databases.source, "public")


def test_an_error_on_the_way_leaves_everything_as_it_was(databases: Databases) -> None:
    copy(databases)
    before = contents(databases.destination, "raw")
    execute(databases.source, "UPDATE films SET title = 'changed'", "ALTER TABLE users RENAME TO people")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        copy(databases)
    assert contents(databases.destination, "raw") == before


# Ends its own process the hard way when the third table is asked for: two are replaced, none is committed.
_DIES = """
import os, signal, sys
import psycopg2
from lib.films_tables import FILMS_TABLES
from lib.postgres_copy import replace_tables

def until_death():
    yield from FILMS_TABLES[:2]
    os.kill(os.getpid(), signal.SIGKILL)

source, destination = map(psycopg2.connect, sys.argv[1:])
replace_tables(source, destination, until_death(), "raw")
"""


def test_a_process_killed_half_way_leaves_nothing_behind(databases: Databases) -> None:
    copy(databases)
    before = contents(databases.destination, "raw")
    execute(databases.source, "UPDATE films SET title = 'changed'")
    died = subprocess.run(
        [sys.executable, "-c", _DIES, databases.source, databases.destination],
        env={**os.environ, "PYTHONPATH": str(ROOT / "dags")},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert contents(databases.destination, "raw") == before
    copy(databases)
    assert contents(databases.destination, "raw") == contents(databases.source, "public")


def test_all_tables_come_from_one_moment_of_the_source(databases: Databases) -> None:
    before = contents(databases.source, "public")

    def changed_meanwhile() -> Iterator[Table]:
        yield FILMS_TABLES[0]
        execute(databases.source, "INSERT INTO users VALUES (1000, 'N', 'N', 'n@n', NULL)")
        yield from FILMS_TABLES[1:]

    copy(databases, changed_meanwhile())
    assert contents(databases.destination, "raw") == before


def test_readers_see_the_old_rows_until_all_are_replaced(databases: Databases) -> None:
    copy(databases)
    execute(databases.source, "UPDATE films SET title = 'changed'")
    seen: list[list[tuple[object, ...]]] = []

    def read_in_between() -> Iterator[Table]:
        yield FILMS_TABLES[0]
        seen.append(databases.ask("SELECT count(*) FROM raw.films WHERE title = 'changed'"))
        yield from FILMS_TABLES[1:]

    copy(databases, read_in_between())
    assert seen == [[(0,)]]
    assert databases.ask("SELECT count(*) FROM raw.films WHERE title = 'changed'") == [(COUNTS["films"],)]


def test_two_runs_at_once_take_turns(databases: Databases) -> None:
    copy(databases)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(5):
                copy(databases)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert failures == []
    assert contents(databases.destination, "raw") == contents(databases.source, "public")


def test_a_row_lost_on_the_way_is_noticed_and_nothing_is_replaced(databases: Databases) -> None:
    copy(databases)
    before = contents(databases.destination, "raw")
    execute(
        databases.destination,
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER lose BEFORE INSERT ON raw.actors FOR EACH ROW WHEN (NEW.actor_id = 7) "
        "EXECUTE FUNCTION lose()",
    )
    with pytest.raises(CountsDiffer, match="actors: the source has 60 rows, raw would have 59"):
        copy(databases)
    assert contents(databases.destination, "raw") == before


def test_a_source_that_is_not_filled_yet_replaces_nothing(databases: Databases) -> None:
    copy(databases)
    before = contents(databases.destination, "raw")
    execute(databases.source, f"TRUNCATE {', '.join(NAMES)}")
    with pytest.raises(NothingThere, match="no row in films, actors"):
        copy(databases)
    assert contents(databases.destination, "raw") == before


def test_names_are_quoted(databases: Databases) -> None:
    execute(databases.source, """CREATE TABLE "odd; DROP" ("a b" integer, "select" text)""")
    execute(databases.source, """INSERT INTO "odd; DROP" VALUES (1, 'x')""")
    assert copy(databases, (Table("odd; DROP", {"a b": "integer", "select": "text"}, key=("a b",)),)) == {
        "odd; DROP": 1
    }


def test_a_source_without_its_tables_is_not_ready(databases: Databases) -> None:
    execute(databases.source, "DROP TABLE users")
    with closing(psycopg2.connect(databases.source)) as source:
        assert missing_tables(source, NAMES) == ["users"]
        assert missing_tables(source, ["films"]) == []


def test_a_refused_connection_may_be_a_server_that_starts(databases: Databases) -> None:
    with pytest.raises(psycopg2.OperationalError) as refused:
        psycopg2.connect("postgresql://postgres@127.0.0.1:1/films")
    with pytest.raises(psycopg2.OperationalError) as unknown:
        psycopg2.connect(psycopg.conninfo.make_conninfo(databases.source, dbname="nowhere"))
    assert is_starting(refused.value)
    assert not is_starting(unknown.value)
