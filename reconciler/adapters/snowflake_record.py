"""What pipelines wrote down of their runs, tests and loads: the schema OPS of one Snowflake database.

Opened for an environment by ``bootstrap``. Three questions on one connection, which is closed again; each
asks for the newest rows of every run, test or table alone, so that weeks of them stay few. Signs in with a
key pair. Imports the connector late: that takes most of a second. What is slow is given up: all else that an
environment is judged by is not to wait for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.adapters.giving_up import within
from reconciler.adapters.snowflake_login import login
from reconciler.adapters.steady import steady
from reconciler.model.errors import Terminal, Transient
from reconciler.model.health import WarehouseRecord
from reconciler.model.seen import Record, RecordedLoad, RecordedRun, RecordedTest

NEWEST = 60
"""So many rows of each series are read; six weeks have 42 days."""

SECONDS = 30
"""A reading that takes longer, a login and three statements, is given up. A look makes two at most."""

# Names of tables and columns are our own; the database is the connection's.
_DAG = """SPLIT_PART("BATCH_ID", '|', 1)"""
_RUNS = """
SELECT "DAG_ID", "RUN_ID", "ROWS_IN", "ROWS_OUT", "STATE", "STARTED_AT", "ENDED_AT" FROM "OPS"."PIPELINE_RUN"
WHERE "ENDED_AT" >= ? AND "ENDED_AT" <= ? AND "DAG_ID" IN ({dags})
QUALIFY ROW_NUMBER() OVER (PARTITION BY "DAG_ID" ORDER BY "ENDED_AT" DESC) <= {newest} ORDER BY "ENDED_AT"
"""
_TESTS = f"""
SELECT {_DAG}, "TABLE_NAME", "RULE", "COLUMN_NAME", "SEVERITY", "PASSED", "OBSERVED", "FAILING",
"EXPECTATION", "BATCH_ID", "CHECKED_AT" FROM "OPS"."DQ_RESULT"
WHERE "CHECKED_AT" >= ? AND "CHECKED_AT" <= ? AND {_DAG} IN ({{dags}})
QUALIFY ROW_NUMBER() OVER (PARTITION BY {_DAG}, "TABLE_NAME", "RULE", "COLUMN_NAME", "EXPECTATION", "SEVERITY"
ORDER BY "CHECKED_AT" DESC) <= {{newest}} ORDER BY "CHECKED_AT"
"""  # noqa: S608
_LOADS = """
SELECT "DAG_ID", "TARGETS", "INTERVAL_END", "BATCH_ID", "LOADED_AT" FROM "OPS"."LOAD_MANIFEST"
WHERE "LOADED_AT" >= ? AND "LOADED_AT" <= ? AND "DAG_ID" IN ({dags})
QUALIFY ROW_NUMBER() OVER (PARTITION BY "DAG_ID" ORDER BY "LOADED_AT" DESC) <= {newest} ORDER BY "LOADED_AT"
"""


class SnowflakeRecord:
    """The record that ``place`` names; ``secret`` gives its private key, as PEM."""

    def __init__(self, place: WarehouseRecord, secret: Callable[[str], str], tick: Deadline = NEVER) -> None:
        self._place = place
        self._secret = secret
        self._tick = tick

    def read(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Record:
        """See ``ports.HealthSources.record``."""
        if not dag_ids:
            return Record()
        self._tick.check(self._name)
        arguments = login(self._place, self._secret(self._place.key_secret))
        # As much again is left to whatever else is asked, and to judging it.
        seconds, share = min(SECONDS, self._tick.left() / 2), Deadline(telling_seconds=0)
        share.set(seconds)
        return within(seconds, self._name, partial(self._read, arguments, dag_ids, since, until, share))

    def _read(
        self,
        arguments: dict[str, Any],
        dag_ids: Sequence[str],
        since: datetime,
        until: datetime,
        share: Deadline,
    ) -> Record:
        with self._translated(), _connected(arguments, _whole_seconds(share)) as connection:
            cursor = connection.cursor()

            def ask(query: str) -> list[Any]:
                # Nobody hears of what is asked later.
                share.check(self._name)
                text = query.format(dags=", ".join("?" * len(dag_ids)), newest=NEWEST)
                values = (_stored(since), _stored(until), *dag_ids)
                cursor.execute(text, values, timeout=_whole_seconds(share))
                return list(cursor.fetchall())

            runs = tuple(map(_run, ask(_RUNS)))
            tests = tuple(map(_test, ask(_TESTS)))
            return Record(
                runs=runs, tests=tests, loads=tuple(load for row in ask(_LOADS) for load in _loads(row))
            )

    @property
    def _name(self) -> str:
        return f"Snowflake's {self._place.database}.OPS as {self._place.user}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from snowflake.connector import errors

        try:
            yield
        except errors.Error as error:
            # A login that Snowflake refuses is a DatabaseError itself; a network is an OperationalError.
            refused = isinstance(error, errors.DatabaseError) and not isinstance(error, _passing())
            if refused and error.errno not in _GIVEN_UP:
                raise self._refused(error) from error
            raise Transient(f"{self._name} does not answer: {_said(error)}.") from error

    def _refused(self, error: Exception) -> Terminal:
        return Terminal(
            f"{self._name} cannot be read: {_said(error)}.",
            "Check `health.record` in environment.yaml: the user's public key, its role's SELECT on the "
            "tables of OPS, and that a pipeline has made them.",
        )


_GIVEN_UP = frozenset({604, 625, 630})
"""A statement that took too long: it was cancelled, waited for a lock, or reached its warehouse's limit."""


def _passing() -> tuple[type[Exception], ...]:
    from snowflake.connector import errors

    return errors.OperationalError, errors.InternalError


@contextmanager
def _connected(arguments: dict[str, Any], seconds: int) -> Iterator[Any]:
    """A session of its own. What is given up here runs on there, and costs, no longer than ``seconds``."""
    import snowflake.connector

    connection = snowflake.connector.connect(
        **arguments,
        schema="OPS",
        paramstyle="qmark",
        # The first two end retries, the third an attempt.
        login_timeout=seconds,
        network_timeout=seconds,
        socket_timeout=seconds,
        # Else every connection asks the metadata services of three clouds whose machine this is.
        platform_detection_timeout_seconds=0.0,
        session_parameters={
            "TIMEZONE": "UTC",
            "QUERY_TAG": "reconciler/health",
            "STATEMENT_TIMEOUT_IN_SECONDS": seconds,
        },
    )
    try:
        yield connection
    finally:
        # Tried once: a session that is not closed ends by itself.
        connection.close(retry=False)


def _whole_seconds(share: Deadline) -> int:
    """What is left, as the connector takes it; 0 would be for ever."""
    return max(1, math.ceil(share.left()))


def _said(error: Exception) -> str:
    return steady(str(getattr(error, "raw_msg", None) or error)).splitlines()[0][:300].rstrip(".")


def _run(row: Sequence[Any]) -> RecordedRun:
    dag_id, run_id, rows_in, rows_out, state, started, ended = row
    return RecordedRun(
        dag_id=dag_id,
        run_id=run_id,
        rows_in=_whole(rows_in),
        rows_out=_whole(rows_out),
        state=state,
        started_at=None if started is None else _utc(started),
        ended_at=_utc(ended),
    )


def _test(row: Sequence[Any]) -> RecordedTest:
    dag_id, table, rule, column, severity, passed, observed, failing, expectation, batch, checked = row
    return RecordedTest(
        dag_id=dag_id,
        table=table,
        rule=rule,
        column=column or "",
        severity=severity,
        passed=bool(passed),
        observed=observed or "",
        failing=_whole(failing),
        expectation=expectation or "",
        batch=batch,
        checked_at=_utc(checked),
    )


def _loads(row: Sequence[Any]) -> Iterator[RecordedLoad]:
    """One for each table of a batch. Whoever wrote the row may have written anything as its targets."""
    dag_id, targets, end, batch, loaded = row
    try:
        counts = dict(json.loads(targets))
    except (TypeError, ValueError):
        return
    for table, count in sorted(counts.items()):
        yield RecordedLoad(
            dag_id=dag_id,
            table=str(table),
            interval_end=_utc(end),
            rows=count if isinstance(count, int) else None,
            batch=batch,
            loaded_at=_utc(loaded),
        )


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)


def _stored(moment: datetime) -> datetime:
    """As the warehouse keeps it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
