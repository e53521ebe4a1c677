"""What a task gets from dbt: counts, the names of what failed, and nothing that it should not know."""

from __future__ import annotations

import logging
import shutil
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lib.dbt.graph import graph
from lib.dbt.running import DbtFailed, Outcome, build, run
from lib.dbt.target import SNOWFLAKE, Variables

from local.environments import ROOT
from local.sources.bank import Bank
from local.sources.times import Interval
from tests.dbt_project.conftest import Make
from tests.dbt_project.project import Project

pytestmark = pytest.mark.airflow

DAY = Interval.of_day(date(2026, 3, 2))
PASSWORD = "not-to-be-seen"


class Site:
    """A warehouse into which the day's rows have just been loaded."""

    def __init__(self, project: Project) -> None:
        self.project = project
        login = project.warehouse.login
        self.connection = SimpleNamespace(
            host=login["host"],
            port=login["port"],
            login=login["user"],
            password=PASSWORD,
            schema="OPS",
            extra_dejson={
                "account": login["account"],
                "protocol": login["protocol"],
                "database": f"FINEDGE_{project.environment.upper()}",
            },
        )

    @property
    def variables(self) -> Variables:
        return SNOWFLAKE.variables(self.connection, "tag")

    def build(self, name: str, shadow: str = "") -> Outcome:
        """As the task of the node does."""
        key = next(key for key, node in graph().nodes.items() if node["name"] == name)
        return build(name, graph().tests_of(key), graph().fresh_sources(key), self.variables, shadow)


@pytest.fixture(scope="module")
def site(make: Make) -> Site:
    world, project = make("running", Bank(seed=7), DAY)
    world.load_interval(DAY, datetime.now(UTC), first=True)
    return Site(project)


def test_a_node_is_built_and_its_tests_are_counted(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outcome = site.build("stg_accounts")
    outcome.raise_for_failures()
    names = [one["name"] for one in outcome.results]
    assert names[0] == "accounts"
    assert "stg_accounts" in names
    assert outcome.counts == {"passed": len(names) - 1, "warned": 0, "failed": 0}
    assert site.project.ask("SELECT count(*) FROM STAGING.STG_ACCOUNTS")[0][0] > 40
    assert "OK created sql view model STAGING.stg_accounts" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_test_that_fails_is_named_and_the_node_stays_built(site: Site) -> None:
    site.project.ask("UPDATE RAW_CORE.KYC_STATUS SET status = 'unheard of' WHERE customer_id = 1")
    site.build("stg_customers")
    outcome = site.build("stg_kyc_status")
    assert outcome.counts["failed"] == 1
    with pytest.raises(DbtFailed, match=r"accepted_values_stg_kyc_status_kyc_status.*Got 1 result"):
        outcome.raise_for_failures()
    assert site.project.ask("SELECT kyc_status FROM STAGING.STG_KYC_STATUS WHERE customer_id = 1") == [
        ("unheard of",)
    ]


def test_stale_sources_are_not_built_upon(site: Site) -> None:
    at = (datetime.now(UTC) - timedelta(hours=30)).replace(tzinfo=None)
    site.project.ask(f"UPDATE RAW_CORE.TRANSFERS SET _INGESTED_AT = CAST('{at}' AS TIMESTAMP)")
    outcome = site.build("stg_transfers")
    assert [one["name"] for one in outcome.results] == ["transfers"]
    with pytest.raises(DbtFailed, match=r"transfers: error: last loaded .* 30\.\d h ago"):
        outcome.raise_for_failures()


@pytest.mark.long
def test_marts_of_a_tag_are_built_aside(site: Site) -> None:
    for name in ("stg_gl_accounts", "stg_journal_entries", "stg_journal_lines", "int_gl_daily_movements"):
        site.build(name, shadow="ledger_close_daily").raise_for_failures()
    for name in ("fct_gl_balance", "fct_trial_balance"):
        site.build(name, shadow="ledger_close_daily").raise_for_failures()
    places = site.project.ask(
        "SELECT table_schema FROM information_schema.tables"
        " WHERE table_name IN ('INT_GL_DAILY_MOVEMENTS', 'FCT_TRIAL_BALANCE', 'FCT_GL_BALANCE') ORDER BY 1"
    )
    assert places == [("INTERMEDIATE",), ("MARTS_SHADOW",), ("MARTS_SHADOW",)]


def test_a_project_that_cannot_be_written_is_enough(site: Site, tmp_path: Path) -> None:
    project = Path(shutil.copytree(ROOT / "dbt", tmp_path / "dbt"))
    for path in (project, *project.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    run([["run", "--select", "stg_merchants"]], site.variables, project=project).raise_for_failures()
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


@pytest.mark.long
def test_a_change_of_the_project_counts_at_once(site: Site, tmp_path: Path) -> None:
    project = Path(shutil.copytree(ROOT / "dbt", tmp_path / "dbt"))
    model = project / "models" / "staging" / "core" / "stg_loans.sql"
    run([["run", "--select", "stg_loans"]], site.variables, project=project).raise_for_failures()
    model.write_text(model.read_text().replace("loan_id,", "loan_id + 1 as loan_id,", 1))
    run([["run", "--select", "stg_loans"]], site.variables, project=project).raise_for_failures()
    assert site.project.ask("SELECT min(loan_id) FROM STAGING.STG_LOANS") == [(2,)]
    model.write_text("select {{ nothing(")
    with pytest.raises(DbtFailed, match=r"dbt did not run: .*stg_loans"):
        run([["run", "--select", "stg_loans"]], site.variables, project=project)


def test_nothing_selected_is_a_failure(site: Site) -> None:
    with pytest.raises(DbtFailed, match="nothing to do"):
        run([["build", "--select", "no_such_model"]], site.variables)


@pytest.mark.parametrize(
    ("extra", "host", "found"),
    [
        ({}, "127.0.0.1", {"DBT_ENV_SECRET_SNOWFLAKE_PASSWORD": PASSWORD}),
        (
            {"private_key_content": "UEVN"},
            "finedge.snowflakecomputing.com",
            {"DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY": "PEM", "DBT_ENV_SECRET_SNOWFLAKE_PASSPHRASE": PASSWORD},
        ),
    ],
)
def test_secrets_are_for_connecting_only(extra: dict[str, str], host: str, found: dict[str, str]) -> None:
    place = SimpleNamespace(
        host=host, port=None, login="u", password=PASSWORD, schema="", extra_dejson={"database": "D", **extra}
    )
    variables = SNOWFLAKE.variables(place)
    assert variables.shaping["FINEDGE_SNOWFLAKE_DATABASE"] == "D"
    assert found.items() <= variables.connecting.items()
    assert PASSWORD not in str(variables.shaping)


def test_a_password_does_not_leave_this_machine() -> None:
    place: Any = SimpleNamespace(host="x.snowflakecomputing.com", password="p", extra_dejson={})
    place.port = place.login = place.schema = None
    with pytest.raises(ValueError, match="use a key pair"):
        SNOWFLAKE.variables(place)
