"""Airflow DAG: the monthly report to the supervisor, which a person approves and nobody delivers twice.

**What**: waits until all days that the ledger opened in the month are closed and reconciled, has dbt build
`rpt_liquidity` and `rpt_revenue_monthly`, and checks that revenue did not move by more than 15 %. Then it
writes the files of the report to the lake and waits for a person: somebody who is not the preparer inserts
a row into OPS.REPORT_APPROVAL with the digest of these very bytes. What was approved is signed and
delivered, and never again with other bytes.

**When**: 08:00 UTC on the 2nd for the month before; has to be done four hours later, people included.

**Owner**: finance-data; the approvers are the compliance officers (role FINEDGE_REPORT_APPROVER).

**When it fails**: `wait_for_inputs` names the days that are missing. `postflight`: compare the months; a
jump may be real, then the threshold's owner decides. `wait_for_approval` fails when the report was refused
(who and why is in the log) or nobody decided within three days: repair the numbers, then clear from
`models` on; other numbers are another digest and want another approval. `deliver` says AlreadyDelivered
where the month was delivered with other bytes: trigger the DAG with `{"interval": {...}, "revision": 2}`,
which delivers a correction beside the first.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, PokeReturnValue, dag, task
from lib.alerts import default_args
from lib.dbt import dbt_group, node_tags
from lib.intervals import Interval, interval_of
from lib.quality.tasks import checkpoint
from lib.upstream import Covered, Need
from lib.waiting import await_inputs

PERIOD = "month"
MODELS = ["tag:regulatory_reporting_monthly"]


def needs(month: Interval) -> list[Need]:
    """Every day of the month that the bank's own calendar has, closed and reconciled."""
    from lib.connections import postgres
    from lib.regulatory.calendar import opened

    with postgres("finedge_source") as source:
        days = opened(source, month)
    return [Covered(dag_id, day) for dag_id in ("ledger_close_daily", "recon_settlement") for day in days]


@dag(
    dag_id="regulatory_reporting_monthly",
    schedule="0 8 2 * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={"revision": Param(1, type="integer", minimum=1, description="2 corrects a delivered report.")},
    default_args={**default_args("finance-data"), "execution_timeout": timedelta(minutes=60)},
    tags=["handwritten", "domain:regulatory", "owner:finance-data", *node_tags(MODELS)],
    doc_md=__doc__,
)
def regulatory_reporting_monthly() -> None:
    waited = await_inputs(PERIOD, needs, timedelta(days=2))
    built = dbt_group("models", MODELS)
    tested = checkpoint("postflight_regulatory_reporting_monthly", PERIOD, task_id="postflight")

    @task(multiple_outputs=False)
    def prepare(**context: Any) -> dict[str, str]:
        """Write the report's files to the lake and ask for approval; returns what of, and who."""
        from lib.connections import warehouse
        from lib.lake import lake
        from lib.regulatory.approval import current_user, statement
        from lib.regulatory.delivery import draft, report_id
        from lib.regulatory.extract import extract
        from lib.telling import tell

        month = interval_of(context, PERIOD)
        report = report_id(month, context["params"]["revision"])
        with warehouse("regulatory_reporting_monthly.prepare") as connection:
            found, preparer = extract(connection, month), current_user(connection)
        folder = draft(lake(), report, found)
        print(f"Look at {folder}, then approve in your own name:\n{statement(report, found.digest)}")
        # Other bytes want another approval, and so are told again.
        wanted = f"report {report} waits for approval: look at {folder} in the lake; digest {found.digest}"
        tell(context, f"approval_wanted_{found.digest[:8]}", "warn", wanted)
        return {"report": report, "digest": found.digest, "folder": folder, "prepared_by": preparer}

    # A person needs minutes or days: ask often at first, then seldom.
    @task.sensor(
        mode="reschedule",
        poke_interval=10,
        exponential_backoff=True,
        max_wait=timedelta(minutes=10),
        timeout=timedelta(days=3).total_seconds(),
    )
    def wait_for_approval(prepared: dict[str, str]) -> PokeReturnValue:
        """Wait for somebody else's word about these bytes; a refusal ends the run."""
        from airflow.exceptions import AirflowFailException
        from lib.connections import warehouse
        from lib.regulatory.approval import Refused, decisions, settled

        with warehouse("regulatory_reporting_monthly.wait_for_approval") as connection:
            found = decisions(connection, prepared["report"], prepared["digest"])
        try:
            decision = settled(found, prepared["prepared_by"])
        except Refused as refused:
            raise AirflowFailException(str(refused)) from refused
        return PokeReturnValue(decision is not None, decision.written() if decision else None)

    @task
    def deliver(approval: dict[str, str], **context: Any) -> str:
        """Sign and deliver what was approved, and record the run; returns where the manifest lies."""
        from airflow.sdk import Connection
        from lib.connections import warehouse
        from lib.finishing import finish
        from lib.lake import lake
        from lib.regulatory.approval import Decision
        from lib.regulatory.delivery import deliver as hand_over
        from lib.regulatory.signing import from_airflow

        month, decision = interval_of(context, PERIOD), Decision.read(approval)
        signer = from_airflow(Connection.get("report_signing"))
        key, rows = hand_over(lake(), decision.report, month, decision, signer)
        with warehouse("regulatory_reporting_monthly.deliver") as connection:
            finish(connection, context, month, rows, rows)
        return key

    prepared = prepare()
    waited >> built >> tested >> prepared
    deliver(wait_for_approval(prepared))


regulatory_reporting_monthly()
