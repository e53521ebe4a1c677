"""The database's schemas and the tables of OPS, as statements that may be run again.

DDL commits whatever is open, so it is run on its own, before a load begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from lib.warehouse.names import quoted
from lib.warehouse.tables import Table
from lib.warehouse.transaction import patiently

SCHEMAS = (
    "RAW_CORE",
    "RAW_LEDGER",
    "RAW_FILES",
    "RAW_MARKET",
    "STAGING",
    "INTERMEDIATE",
    "MARTS",
    "ML",
    "OPS",
)
MANIFEST, PIPELINE_RUN, DQ_RESULT, PIPELINE_EVENT = (
    quoted("OPS", name) for name in ("LOAD_MANIFEST", "PIPELINE_RUN", "DQ_RESULT", "PIPELINE_EVENT")
)
LANDED_FILE = quoted("OPS", "LANDED_FILE")
DQ_PROFILE = quoted("OPS", "DQ_PROFILE")
# No keys are declared: Snowflake would not enforce them. What writes these tables does.
OPS_TABLES = (
    f'CREATE TABLE IF NOT EXISTS {MANIFEST} ("BATCH_ID" VARCHAR NOT NULL, '
    '"DAG_ID" VARCHAR NOT NULL, "INTERVAL_START" TIMESTAMP_NTZ NOT NULL, '
    '"INTERVAL_END" TIMESTAMP_NTZ NOT NULL, "ROW_COUNT" NUMBER(38, 0) NOT NULL, '
    '"TARGETS" VARCHAR NOT NULL, "LOADED_AT" TIMESTAMP_NTZ NOT NULL)',
    f'CREATE TABLE IF NOT EXISTS {PIPELINE_RUN} ("RUN_ID" VARCHAR NOT NULL, '
    '"DAG_ID" VARCHAR NOT NULL, "BATCH_ID" VARCHAR, "RELEASE" VARCHAR, "STATE" VARCHAR NOT NULL, '
    '"STARTED_AT" TIMESTAMP_NTZ, "ENDED_AT" TIMESTAMP_NTZ, "ROWS_IN" NUMBER(38, 0), '
    '"ROWS_OUT" NUMBER(38, 0), "PASSED" NUMBER(38, 0), "WARNED" NUMBER(38, 0), '
    '"FAILED" NUMBER(38, 0))',
    f'CREATE TABLE IF NOT EXISTS {DQ_RESULT} ("RESULT_ID" VARCHAR NOT NULL, '
    '"BATCH_ID" VARCHAR NOT NULL, "TABLE_NAME" VARCHAR NOT NULL, "RULE" VARCHAR NOT NULL, '
    '"SEVERITY" VARCHAR NOT NULL, "PASSED" BOOLEAN NOT NULL, "OBSERVED" VARCHAR, '
    '"CHECKED_AT" TIMESTAMP_NTZ NOT NULL, "SUITE" VARCHAR, "EXPECTATION" VARCHAR, '
    '"COLUMN_NAME" VARCHAR, "THRESHOLD" VARCHAR, "FAILING" NUMBER(38, 0), "OWNER" VARCHAR, "ERROR" VARCHAR)',
    f'CREATE TABLE IF NOT EXISTS {PIPELINE_EVENT} ("EVENT_ID" VARCHAR NOT NULL, '
    '"DAG_ID" VARCHAR NOT NULL, "TASK_ID" VARCHAR, "RUN_ID" VARCHAR, "KIND" VARCHAR NOT NULL, '
    '"SEVERITY" VARCHAR NOT NULL, "OWNER" VARCHAR, "MESSAGE" VARCHAR, "LOG_URL" VARCHAR, '
    '"OCCURRED_AT" TIMESTAMP_NTZ NOT NULL, "SENT_TO" VARCHAR)',
    f'CREATE TABLE IF NOT EXISTS {LANDED_FILE} ("SOURCE_FILE" VARCHAR NOT NULL, "FEED" VARCHAR NOT NULL, '
    '"SHA256" VARCHAR NOT NULL, "ROW_COUNT" NUMBER(38, 0) NOT NULL, "BATCH_ID" VARCHAR NOT NULL)',
    f'CREATE TABLE IF NOT EXISTS {DQ_PROFILE} ("BATCH_ID" VARCHAR NOT NULL, '
    '"INTERVAL_START" TIMESTAMP_NTZ NOT NULL, "TABLE_NAME" VARCHAR NOT NULL, "COLUMN_NAME" VARCHAR NOT NULL, '
    '"PROFILE" VARCHAR NOT NULL, "PROFILED_AT" TIMESTAMP_NTZ NOT NULL)',
)


def prepare(connection, tables: Iterable[Table] = ()) -> None:
    """Make the schemas, the OPS tables and these tables, where they are missing.

    Several may do so at the same time. Raises what the connector raises.
    """
    schemas = (f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}" for name in SCHEMAS)
    with connection.cursor() as cursor:
        for statement in (*schemas, *OPS_TABLES, *(table.creation() for table in tables)):
            patiently(partial(cursor.execute, statement))
