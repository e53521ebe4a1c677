"""Airflow DAG: looks at all of the data once a week, as thoroughly as no run of a pipeline could.

**What**: checks the deep suites (whole tables, both sides of each load, distributions), searches free text
for personal data, profiles every mart and compares with the week before, tells how the rules did in the
last eight weeks, and publishes the documents: Data Docs, and dbt's with its lineage. What one of them finds
stops none of the others; at the end the run has failed if any did.

**When**: 06:00 UTC on Sundays for the last whole week; has to be done four hours later. Waits for nobody.

**Owner**: data-engineering.

**When it fails**: `deep_suites` names the rules and whom to ask; the Data Docs have the page.
`personal_data`: somebody's data stands where it must not: tell the data protection officer before anybody
clears anything. `profiles`: only a missing table can fail it; what changed is a warning. `dbt_docs`: see
`docs/dbt` in the lake for the last good ones. Each task may be cleared alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, get_current_context, task
from lib.alerts import default_args
from lib.intervals import interval_of

PERIOD = "week"
PRIVACY = "deep_privacy"


@task
def deep_suites() -> None:
    """Check all deep suites but that of personal data, and publish their pages."""
    from lib.quality.deep import deep_suites as names

    _check([name for name in names() if name != PRIVACY])


@task
def personal_data() -> None:
    """Search for personal data where it must not be."""
    _check([PRIVACY])


@task(multiple_outputs=False)
def profiles() -> dict[str, int]:
    """Profile every mart, and tell what is different from the week before."""
    from lib.connections import warehouse
    from lib.telling import tell
    from lib.warehouse.schemas import prepare
    from lib.weekly.profiles import profile_all

    with warehouse("platform_dq_deep_weekly.profiles") as connection:
        prepare(connection)
        found = profile_all(connection, _batch())
    print(found.told or "nothing changed its shape")
    if found.changed:
        message = f"{len(found.changed)} tables changed their shape: {', '.join(found.changed)}"
        tell(get_current_context(), "profile_changed", "warn", message)
    return {"rows": found.rows, "columns": found.columns}


@task
def dbt_docs() -> str:
    """Publish dbt's documents, one page that needs nothing else; returns where."""
    from airflow.sdk import Connection
    from lib.dbt.graph import PROJECT
    from lib.dbt.target import SNOWFLAKE
    from lib.dbt_cli import DbtProject, executable
    from lib.lake import lake

    found = SNOWFLAKE.variables(Connection.get("warehouse"), "platform_dq_deep_weekly.dbt_docs")
    project = DbtProject(PROJECT, executable(), {**found.shaping, **found.connecting})
    return lake().write("docs/dbt/index.html", project.document())


# Also when a rule did not hold: that is what the trend is there to tell.
@task(trigger_rule="all_done")
def trend() -> str:
    """Publish how each suite did in the last weeks; returns where."""
    from lib.connections import warehouse
    from lib.lake import lake
    from lib.quality.deep import told
    from lib.quality.deep import trend as weeks

    with warehouse("platform_dq_deep_weekly.trend") as connection:
        lines = told(weeks(connection, datetime.now(UTC)))
    print(lines)
    return lake().write(f"docs/trend/{_batch().start:%G-W%V}.jsonl", lines.encode())


@task
def record(looked_at: dict[str, int]) -> None:
    """Record the run."""
    from lib.connections import warehouse
    from lib.finishing import finish

    context = get_current_context()
    with warehouse("platform_dq_deep_weekly.record") as connection:
        finish(connection, context, interval_of(context, PERIOD), looked_at["rows"], looked_at["columns"])


def _batch() -> Any:
    return interval_of(get_current_context(), PERIOD).batch("platform_dq_deep_weekly")


def _check(suites: list[str]) -> None:
    from airflow.sdk import Connection
    from lib.quality.deep import run_deep

    run_deep(
        _batch(),
        Connection.get("warehouse"),
        source=Connection.get("finedge_source"),
        docs=Connection.get("lake"),
        suites=suites,
    )


@dag(
    dag_id="platform_dq_deep_weekly",
    schedule="0 6 * * 0",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**default_args("data-engineering"), "execution_timeout": timedelta(hours=2)},
    tags=["handwritten", "domain:platform", "owner:data-engineering"],
    doc_md=__doc__,
)
def platform_dq_deep_weekly() -> None:
    checked, looked_at = [deep_suites(), personal_data()], profiles()
    told = trend()
    checked >> told
    [*checked, told, dbt_docs()] >> record(looked_at)


platform_dq_deep_weekly()
