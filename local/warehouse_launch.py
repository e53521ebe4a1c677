"""Serves Snowflake's protocol from DuckDB (fakesnow 0.12.1), with repairs. Run by an interpreter of its own.

Usage: warehouse_launch.py PORT FOLDER. Started by `local.warehouse`. Databases are files in FOLDER and are
there again after a restart; statements about roles and grants change nothing and are kept in
FOLDER/recorded.sql. The repairs touch private names, so each is asserted to exist. Without them
- a MERGE inside a transaction fails, and SWAP WITH is unknown;
- DDL does not commit an open transaction, as it does on Snowflake;
- an error is answered with HTTP 500, which the connector repeats for minutes;
- a timestamp that is NULL is read as 1970;
- NULL and fractions cannot be bound, and of rows that are bound together each is parsed anew;
- COPY INTO takes empty text for NULL, guesses at types and width, and loads some files when another is bad;
- COPY INTO selects from a table's own stage, which Snowflake refuses;
- everybody is the same CURRENT_USER;
- a client that left, with or without a word, keeps its transaction open for ever.
What still differs from Snowflake: docs/platform/warehouse.md.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import fakesnow.server  # noqa: F401  (the package hides the module behind a function of its name)
import pyarrow
import uvicorn
from fakesnow import arrow, copy_into
from fakesnow import cursor as cursors
from fakesnow.instance import FakeSnow
from snowflake.connector.errors import DatabaseError, ProgrammingError
from sqlglot import exp, parse_one
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

server = sys.modules["fakesnow.server"]
VERSIONS = {"fakesnow": "0.12.1", "duckdb": "2.0.0"}
IDLE_SECONDS = 3.0
"""A transaction in which nothing happened for so long gives way to another; on Snowflake, five minutes."""
LOCKED, FAILED = (625, "57014"), (2043, "02000")

_COMMENTS = re.compile(r"^\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*", re.S)
_RECORDED = re.compile(
    r"(grant|revoke|use\s+(secondary\s+)?roles?|use\s+warehouse|alter\s+(session(?!.*autocommit)|warehouse|user|role)"
    r"|(create(\s+or\s+replace)?|drop)\s+(role|user|warehouse|resource\s+monitor))\b",
    re.I,
)
_CURRENT_USER = re.compile(r"\bcurrent_user\(\)", re.I)
_COMMITS = re.compile(r"(create|alter|drop|undrop|comment)\b", re.I)
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_NAMES = rf"({_NAME}(?:\.{_NAME}){{0,2}})"
_TEMPORARY = re.compile(
    rf"^(create\s+(?:or\s+replace\s+)?)temp(?:orary)?\s+((?:table|view)\s+(?:if\s+not\s+exists\s+)?{_NAME}\.)",
    re.I,
)
_SELECTED = re.compile(r"from\s*\(\s*select\b.*@[^/\s)]*%", re.I | re.S)
_SWAP = re.compile(rf"alter\s+table\s+(?:if\s+exists\s+)?{_NAMES}\s+swap\s+with\s+{_NAMES}\s*$", re.I)


def main(port: int, folder: Path) -> None:
    """Repair, open what is in the folder, then serve until told to end."""
    for name, wanted in VERSIONS.items():
        if version(name) != wanted:
            raise SystemExit(f"these repairs fit {name} {wanted}, found {version(name)}: look at each again")
    folder.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(folder / "recorded.sql")
    execute = Execute(present(cursors.FakeSnowflakeCursor, "execute"), recorder)

    def method(cursor: Any, command: str, *args: Any, **kwargs: Any) -> Any:
        return execute(cursor, command, *args, **kwargs)

    replace(cursors.FakeSnowflakeCursor, "execute", method)
    # DuckDB's own MERGE instead of the three statements and a temporary table that stand for it.
    replace(cursors.transforms, "merge", lambda expression: [expression])
    replace(arrow, "timestamp_to_sf_struct", _with_null(present(arrow, "timestamp_to_sf_struct")))
    replace(server, "from_binding", _bindable(present(server, "from_binding")))
    replace(copy_into, "_inserts", _exactly(present(copy_into, "_inserts")))
    replace(server, "sessions", Sessions())
    replace(server, "shared_fs", opened(folder))
    routes = [Route("/session/v1/login-request", login, methods=["POST"]), *present(server, "routes")]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")


def present(place: Any, name: str) -> Any:
    """A private name that has to be there."""
    if not hasattr(place, name):
        raise SystemExit(f"fakesnow has no {place.__name__}.{name} any more: look at this repair again")
    return getattr(place, name)


def replace(place: Any, name: str, value: Any) -> None:
    """Put `value` in the place of a private name that has to be there."""
    present(place, name)
    setattr(place, name, value)


async def login(request: Request) -> JSONResponse:
    """With the token without which the connector never says that it leaves; and who it is, is kept."""
    answer = json.loads((await present(server, "login_request")(request)).body)
    answer["data"]["masterToken"] = token = answer["data"]["token"]
    body = await request.body()
    asked = json.loads(gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body)
    server.sessions[token].logged_in = str(asked["data"].get("LOGIN_NAME", "")).upper()
    return JSONResponse(answer)


def opened(folder: Path) -> FakeSnow:
    """An instance on the databases that are files in the folder."""
    instance = FakeSnow(db_path=folder)
    for file in sorted(folder.glob("*.db")):
        instance.connect(file.stem).close()
    return instance


class Sessions(dict[str, Any]):
    """The connections by token. One that is removed is closed, so that its open transaction ends."""

    def __delitem__(self, token: str) -> None:
        connection = self[token]
        super().__delitem__(token)
        # Closing alone ends it only once nothing else refers to it.
        with suppress(duckdb.Error):
            connection._duck_conn.rollback()
        connection.close()


class Recorder:
    """A file of statements that change nothing here, one a line, in the order in which they came."""

    def __init__(self, file: Path) -> None:
        self._file, self._guard = file, Lock()

    def record(self, statement: str) -> None:
        """Add one."""
        with self._guard, self._file.open("a") as output:
            output.write(" ".join(statement.split()) + ";\n")


class Execute:
    """Stands in the place of fakesnow's `execute`, which it calls, as `_run`, with what DuckDB can do."""

    def __init__(self, original: Callable[..., Any], recorder: Recorder) -> None:
        self._original, self._recorder = original, recorder
        self._open: dict[Any, float] = {}  # connections with a transaction -> when it was last used
        self._guard = Lock()

    def __call__(self, cursor: Any, command: str, *args: Any, **kwargs: Any) -> Any:
        """Run one statement. Raises ProgrammingError, whatever went wrong: the server can tell that one."""
        try:
            return self._dispatch(cursor, _COMMENTS.sub("", command).rstrip().rstrip(";"), args, kwargs)
        except ProgrammingError:
            raise
        except duckdb.TransactionException as error:
            self._end_idle(cursor._conn)
            raise _problem(error, LOCKED) from error
        except duckdb.ConstraintException as error:
            # What fakesnow notes of a table's columns, when two make the table at once.
            raise _problem(error, LOCKED if "ext_table_catalog" in str(error) else FAILED) from error
        except (duckdb.Error, DatabaseError, ValueError, AssertionError, KeyError, TypeError) as error:
            raise _problem(error, FAILED) from error
        finally:
            with self._guard:
                if cursor._conn in self._open:
                    self._open[cursor._conn] = time.monotonic()

    def _dispatch(self, cursor: Any, text: str, args: Any, kwargs: Any) -> Any:
        def run(statement: str) -> Any:
            return self._original(cursor, statement, *args, **kwargs)

        word, connection = text[:16].split(maxsplit=1)[0].lower() if text else "", cursor._conn
        if word in ("begin", "start", "commit", "rollback"):
            return self._transaction(cursor, word, run)
        if _RECORDED.match(text):
            self._recorder.record(text)
            return run("SELECT 'Statement executed successfully.' AS status")
        if _COMMITS.match(text) and connection in self._open:
            self._transaction(cursor, "commit", lambda word: self._original(cursor, word))
        text = _CURRENT_USER.sub("'" + getattr(connection, "logged_in", "").replace("'", "''") + "'", text)
        # DuckDB has temporary tables in no schema but its own.
        text = _TEMPORARY.sub(r"\1\2", text)
        if swapped := _SWAP.match(text):
            return self._swap(cursor, *swapped.groups())
        return self._rows(cursor, word, text, kwargs, run)

    def _rows(self, cursor: Any, word: str, text: str, kwargs: Any, run: Callable[[str], Any]) -> Any:
        """Run what reads or writes rows."""
        if word == "merge":
            return self._merge(cursor, text, run)
        if word == "copy" and _SELECTED.search(text):
            raise ValueError("a table's stage does not support a query as the source of COPY INTO")
        if word == "copy" and cursor._conn not in self._open:
            return self._alone(cursor, text, run)
        if word == "insert" and kwargs.get("binding_params"):
            return _insert(cursor, text, kwargs["binding_params"], run)
        return run(text)

    def _transaction(self, cursor: Any, word: str, run: Callable[[str], Any]) -> Any:
        connection = cursor._conn
        if word in ("begin", "start"):
            # A second BEGIN is ignored by Snowflake.
            if connection in self._open and not _aborted(connection):
                return run("SELECT 'Statement executed successfully.' AS status")
            if connection in self._open:
                self._original(cursor, "ROLLBACK")
            done = run("BEGIN")
            with self._guard:
                self._open[connection] = time.monotonic()
            return done
        with self._guard:
            self._open.pop(connection, None)
        return run(word)

    def _end_idle(self, asking: Any) -> None:
        """Roll back what others began and left, so that whoever asks finds nothing in the way next time."""
        with self._guard:
            now = time.monotonic()
            left = [
                one for one, used in self._open.items() if one is not asking and now - used > IDLE_SECONDS
            ]
            for connection in left:
                del self._open[connection]
        for connection in left:
            if not connection.is_closed():
                connection._duck_conn.rollback()

    def _swap(self, cursor: Any, one: str, other: str) -> Any:
        """As on Snowflake, both names change owners at once."""
        schema, _, name = one.rpartition(".")
        aside = '"__SWAPPED_ASIDE"'
        steps = [
            f"ALTER TABLE {one} RENAME TO {aside}",
            f"ALTER TABLE {other} RENAME TO {name}",
            f"ALTER TABLE {schema + '.' if schema else ''}{aside} RENAME TO {other.rpartition('.')[2]}",
        ]
        self._original(cursor, "BEGIN")
        try:
            for step in steps:
                self._original(cursor, step)
            return self._original(cursor, "COMMIT")
        except BaseException:
            self._original(cursor, "ROLLBACK")
            raise

    def _alone(self, cursor: Any, text: str, run: Callable[[str], Any]) -> Any:
        """A statement for which DuckDB needs several: all of them, or none."""
        self._original(cursor, "BEGIN")
        try:
            done = run(text)
            result = cursor._arrow_table, cursor._rowcount, cursor._last_sql, cursor._last_transformed
            self._original(cursor, "COMMIT")
        except BaseException:
            self._original(cursor, "ROLLBACK")
            raise
        cursor._arrow_table, cursor._rowcount, cursor._last_sql, cursor._last_transformed = result
        return done

    def _merge(self, cursor: Any, text: str, run: Callable[[str], Any]) -> Any:
        run(_qualified(text))
        (count,) = cursor.fetchone() or (0,)
        return self._original(cursor, f'SELECT {int(count)} AS "number of rows inserted"')


def _insert(cursor: Any, text: str, values: Any, run: Callable[[str], Any]) -> Any:
    """Of rows bound together, which come one by one on the same cursor, only the first is translated."""
    kept = getattr(cursor, "_translated", None)
    if kept is None or kept[0] != text:
        done = run(text)
        cursor._translated = (text, cursor._last_transformed.sql(dialect="duckdb"))
        return done
    cursor._duck_conn.execute(kept[1], list(values))
    return cursor


def _qualified(text: str) -> str:
    """The MERGE with the inserted columns named as the source's: DuckDB finds them ambiguous otherwise."""
    merge = parse_one(text, read="snowflake")
    source = merge.args["using"].alias_or_name
    for column in _inserted(merge):
        if not column.table:
            column.set("table", exp.to_identifier(source))
    return str(merge.sql(dialect="snowflake"))


def _inserted(merge: Any) -> Iterator[Any]:
    for when in merge.args["whens"].expressions:
        then = when.args.get("then")
        if isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            yield from then.expression.find_all(exp.Column)


def _aborted(connection: Any) -> bool:
    """Whether an error has made DuckDB refuse all but ROLLBACK."""
    try:
        connection._duck_conn.execute("SELECT 1")
    except duckdb.Error:
        return True
    return False


def _bindable(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Also NULL, and numbers that are not whole."""

    def value(binding: Any) -> Any:
        if binding["value"] is None:
            return None
        return Decimal(binding["value"]) if binding["type"] == "FIXED" else convert(binding)

    return value


def _exactly(inserts: Callable[..., Any]) -> Callable[..., Any]:
    """Where COPY INTO lists columns, a CSV file has these, a quoted field is text, and nothing is guessed."""

    def made(copy: Any, *args: Any) -> Any:
        found, names = inserts(copy, *args), [f"column{one}" for one in range(len(copy.this.expressions))]
        columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
        options = f"columns = {columns}, auto_detect = false, allow_quoted_nulls = false"
        options += """, escape = '"', new_line = '\\n'"""
        for reader in (one for insert in found for one in insert.expression.find_all(exp.ReadCSV)):
            if names:
                extra = parse_one(f"read_csv('', {options})", read="duckdb")
                reader.set("expressions", [*reader.expressions, *extra.expressions])
        return found

    return made


def _with_null(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def moments(column: Any) -> Any:
        made = convert(column)
        missing = pyarrow.array(column.is_null().to_pylist(), pyarrow.bool_())
        return pyarrow.StructArray.from_arrays(made.flatten(), fields=list(made.type), mask=missing)

    return moments


def _problem(error: Exception, code: tuple[int, str]) -> ProgrammingError:
    return ProgrammingError(msg=str(error), errno=code[0], sqlstate=code[1])


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
