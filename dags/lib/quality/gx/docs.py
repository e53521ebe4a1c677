"""Data Docs: a page per checkpoint and an index, as files that need nothing but a browser.

Pages of our own: those of Great Expectations fetch style sheets and scripts from elsewhere, know nothing of
owners, reasons and severities, and take seconds to write.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lib.quality.gx.check import Check
from lib.quality.outcome import Outcome
from lib.warehouse.batch import Batch, stored
from lib.warehouse.schemas import DQ_RESULT

log = logging.getLogger(__name__)

FOLDER = "data-docs/"
_INDEX_DAYS, _INDEX_RUNS = 30, 20
_STATES = ("failed", "warned", "passed")


@dataclass(frozen=True)
class Ran:
    """A run of a suite as the index tells it."""

    suite: str
    page: str
    batch: str
    checked_at: datetime
    outcome: Outcome

    @property
    def state(self) -> str:
        return state(self.outcome)


def state(outcome: Outcome) -> str:
    """The worst that was found."""
    return next((name for name in _STATES if getattr(outcome, name)), "passed")


def page_of(suite: str, batch_id: str) -> str:
    """Where a checkpoint's page lies below the folder: one per interval, which a later try replaces."""
    interval = batch_id.partition("|")[2].replace(".000000Z", "").replace(":", "").replace("/", "--")
    return f"{suite}/{interval}.html"


def pages(checks: Iterable[Check], now: datetime) -> dict[str, str]:
    """The checkpoints' pages, by where they lie."""
    return {
        page_of(one.suite.name, one.batch.id): _template("checkpoint.html").render(
            check=one,
            outcome=Outcome.of(one.findings),
            state=state(Outcome.of(one.findings)),
            rules=_by_rule(one),
            shown={id(shown.finding): shown.rows for shown in one.shown},
            now=now,
        )
        for one in checks
    }


def index(rows: Iterable[Sequence[Any]], now: datetime) -> str:
    """The index, of rows (suite, batch id, checked at, passed, warned, failed), the newest first."""
    runs: dict[str, list[Ran]] = {}
    for suite, batch, checked_at, *counts in rows:
        ran = Ran(suite, page_of(suite, batch), batch, checked_at, Outcome(*map(int, counts)))
        if len(runs.setdefault(suite, [])) < _INDEX_RUNS:
            runs[suite].append(ran)
    # What is wrong comes first.
    suites = sorted(runs.values(), key=lambda found: (_STATES.index(found[0].state), found[0].suite))
    return _template("index.html").render(suites=suites, now=now, days=_INDEX_DAYS)


def runs_of_late(connection: Any, now: datetime) -> list[Sequence[Any]]:
    """Rows for the index."""
    warned = "\"SEVERITY\" = 'warn'"
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "SUITE", "BATCH_ID", MAX("CHECKED_AT"), COUNT_IF("PASSED"), '
            f'COUNT_IF(NOT "PASSED" AND {warned}), COUNT_IF(NOT "PASSED" AND NOT {warned}) FROM {DQ_RESULT} '
            f'WHERE "SUITE" IS NOT NULL AND "CHECKED_AT" >= %s GROUP BY 1, 2 ORDER BY 3 DESC, 2 DESC',
            (stored(now - timedelta(days=_INDEX_DAYS)).isoformat(),),
        )
        return list(cursor.fetchall())


def publish(
    bucket: Mapping[str, Any] | None, checks: Sequence[Check], now: datetime, connection: Any
) -> list[str]:
    """Put pages and index into the bucket of an Airflow connection's values; their addresses.

    A page that cannot be published stops no data: the reason is in the log.
    """
    if bucket is None:
        return []
    try:
        client, name = _client(bucket), bucket["extra"]["bucket"]
        made = pages(checks, now)
        for page, text in {**made, "index.html": index(runs_of_late(connection, now), now)}.items():
            client.put_object(
                Bucket=name,
                Key=FOLDER + page,
                Body=text.encode(),
                ContentType="text/html; charset=utf-8",
            )
    except Exception:
        log.exception("Data Docs were not published")
        return []
    return [f"s3://{name}/{FOLDER}{page}" for page in made]


def _client(bucket: Mapping[str, Any]) -> Any:
    """boto3's client; without login and password, with the worker's own role."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        region_name=bucket["extra"].get("region_name"),
        endpoint_url=bucket["extra"].get("endpoint_url"),
        aws_access_key_id=bucket["login"] or None,
        aws_secret_access_key=bucket["password"] or None,
        # The data waits for its pages: not for long.
        config=Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2}),
    )


def _by_rule(check: Check) -> list[tuple[Any, Any]]:
    """Findings with what the suite says of them; what is wrong comes first."""
    told = {}
    for one in check.suite.expectations:
        told[one.meta.table, one.meta.rule, one.type, one.meta.severity] = one.meta
    order = {(False, "error"): 0, (False, "warn"): 1}
    found = sorted(check.findings, key=lambda one: order.get((one.passed, one.severity), 2))
    return [(one, told[one.table, one.rule, one.expectation, one.severity]) for one in found]


@cache
def _template(name: str) -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("pages")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = in_words
    environment.filters["interval"] = _interval
    environment.filters["id_of"] = id
    return environment.get_template(f"{name}.j2")


def in_words(expectation: str) -> str:
    """`expect_column_values_to_not_be_null` as people say it."""
    return expectation.removeprefix("expect_").replace("_", " ")


def _interval(batch: Batch | str) -> str:
    """A batch's data interval, as short as can be."""
    start, _, end = (batch if isinstance(batch, str) else batch.id).partition("|")[2].partition("/")
    return f"{start[:16].replace('T', ' ')} to {end[:16].replace('T', ' ')} UTC"
