"""Runs suites against tables, by Great Expectations in an interpreter of its own.

That interpreter is kept warm: importing it takes four seconds, a checkpoint about one. What goes in and out
is JSON; connections go through the pipe, never over a command line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.quality.metrics import Measured, tell
from lib.quality.outcome import Finding, Outcome, QualityFailed
from lib.quality.suites import SOURCE, full_names, looks_at_source, read
from lib.warehouse.batch import Batch
from lib.warm import Warm

log = logging.getLogger(__name__)

INTERPRETER = "FINEDGE_QUALITY"
SOURCE_CONNECTION = "finedge_source"
_JOB = Path(__file__).parent / "gx" / "job.py"
_DAGS = Path(__file__).resolve().parents[2]
# Not our own: an edited file has to count at once.
_MODULES = ("great_expectations", "snowflake.sqlalchemy", "psycopg2", "boto3", "jinja2")


class CheckpointBroken(Exception):
    """A checkpoint came to no result; the reason is in the log."""


@dataclass(frozen=True)
class Checkpoint:
    """A suite, what it is about, and full names by logical name of tables that are not in their own place."""

    suite: str
    batch: Batch
    tables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What one checkpoint found, and what it measured on the way."""

    suite: str
    findings: tuple[Finding, ...]
    measured: tuple[Measured, ...]

    @property
    def outcome(self) -> Outcome:
        return Outcome.of(self.findings)


def run_suite(  # noqa: PLR0913 - whom to ask, and on whose behalf
    suite: str,
    batch: Batch,
    tables: Mapping[str, str],
    connection: Any,
    *,
    source: Any = None,
    docs: Any = None,
    tag: str = "quality",
) -> Outcome:
    """Check the suite `dags/quality/<suite>.json`; returns how many expectations ended how.

    `connection` is the Airflow connection of the warehouse, `source` that of the source database (where the
    suite compares with it; by default the one that Airflow knows), `docs` that of the bucket which gets the
    Data Docs; `tag` goes with each query. Writes a row per expectation to OPS.DQ_RESULT and prints the
    metrics. Raises QualityFailed where a rule of severity error does not hold, SuiteInvalid, or
    CheckpointBroken.
    """
    if source is None and looks_at_source(read(suite)):
        from airflow.sdk import Connection

        source = Connection.get(SOURCE_CONNECTION)
    one = Checkpoint(suite, batch, tables)
    (result,) = run_checkpoints([one], connection, source=source, docs=docs, tag=tag)
    tell(batch, result.measured, result.outcome, sys.stdout)
    if result.outcome.failed:
        raise QualityFailed(suite, result.findings)
    return result.outcome


def run_checkpoints(
    checkpoints: Sequence[Checkpoint],
    connection: Any,
    *,
    source: Any = None,
    docs: Any = None,
    tag: str = "quality",
) -> list[Result]:
    """Run several checkpoints in one process; their results, in the same order. Raises nothing for a rule.

    The rest is as that of `run_suite`.
    """
    suites = [read(one.suite) for one in checkpoints]
    connections = {"warehouse": connection, SOURCE: source, "docs": docs}
    asked = {
        "tag": tag,
        "checkpoints": [
            {
                "suite": suite.model_dump(mode="json"),
                "tables": full_names(suite, one.tables),
                "dag_id": one.batch.dag_id,
                "start": one.batch.start.isoformat(),
                "end": one.batch.end.isoformat(),
            }
            for one, suite in zip(checkpoints, suites, strict=True)
        ],
        "connections": {name: _told(one) for name, one in connections.items() if one is not None},
    }
    answer = _run(json.dumps(asked).encode())
    for address in answer["pages"]:
        log.info("Data Docs: %s", address)
    return [
        Result(
            one["suite"],
            tuple(Finding(**finding) for finding in one["findings"]),
            tuple(Measured(**measured) for measured in one["measured"]),
        )
        for one in answer["results"]
    ]


def _told(connection: Any) -> dict[str, Any]:
    """A connection as values."""
    names = ("host", "port", "login", "password", "schema")
    return {name: getattr(connection, name) for name in names} | {"extra": connection.extra_dejson}


def interpreter() -> str:
    """The Python that has Great Expectations: an environment variable, or an Airflow variable."""
    if found := os.environ.get(INTERPRETER):
        return found
    from airflow.sdk import Variable

    return str(Variable.get(INTERPRETER))


def _run(asked: bytes) -> dict[str, Any]:
    warm = Warm(interpreter(), _MODULES, str(_DAGS))
    passed = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("AWS_")}
    with tempfile.TemporaryDirectory(prefix="checkpoint-") as scratch, tempfile.TemporaryFile() as answer:
        passed |= {**_SURROUNDINGS, "HOME": scratch, "TMPDIR": scratch}
        entrance, exit_ = os.pipe()
        with os.fdopen(exit_, "wb") as given, os.fdopen(entrance, "rb") as taken:
            streams = (taken.fileno(), answer.fileno(), 2)
            with warm.start(_JOB, streams=streams, environment=passed) as job:
                taken.close()
                given.write(asked)
                given.close()
                code = job.wait()
        answer.seek(0)
        if code:
            raise CheckpointBroken(f"Great Expectations ended with code {code}; its reason is in the log")
        found: dict[str, Any] = json.load(answer)
        return found


_SURROUNDINGS = {
    "LANG": "C.UTF-8",
    "GX_ANALYTICS_ENABLED": "false",
    # Signing in would first look for a cloud's metadata service, for up to a second.
    "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
}
_PASSED = ("PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
