"""The suites in Git: each can be read, says why, knows its tables, and every rule has one home."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from lib.alerts.deadlines import HAND_WRITTEN
from lib.quality.personal_data import FREE_TEXT, KINDS
from lib.quality.suites import FOLDER, Suite, SuiteInvalid, filled, full_names, names, places, read, words
from lib.quality.written import written

from local.sources.faults.catalogue import FAULTS
from local.sources.feeds import ach_returns, bank_statements, card_settlement, credit_bureau, sanctions
from tests.quality.conftest import BATCH, ROOT, expect

INGESTED = (
    *(f"pg_{name}" for name in ("customers", "accounts", "transactions", "transfers", "cards", "loans",
                                "ledger")),
    *(f"s3_{name}" for name in ("card_settlement", "ach_returns", "processor_payouts", "bank_statements",
                                "fx_rates", "clickstream", "credit_bureau", "sanctions")),
)  # fmt: skip
BEFORE = {f"preflight_ingest_{name}" for name in INGESTED} | {"preflight_stock_pipeline_dag"}
AFTER = {f"postflight_{name}" for name in (
    "dbt_customer360", "dbt_transactions_mart", "ledger_close_daily", "recon_settlement", "aml_monitoring",
    "regulatory_reporting_monthly", "stock_pipeline_dag", "ml_feature_pipeline")}  # fmt: skip
OWNERS = {"customer-data", "payments-data", "finance-data", "lending-data", "digital-data", "compliance-data",
          "market-data", "ml-team"}  # fmt: skip
# Only who reads a source can see these: the trailer of a file is in no table.
READING = {"columns_match", "trailer_count", "trailer_total", "no_file_twice"}
# What dbt tests, of its models and of the freshness of its sources.
DBT = {"account_has_customer", "actor_exists", "amount_positive", "authorization_has_card", "both_legs_exist",
       "fresh", "high_not_below_low", "no_extreme_outlier", "no_negative_prices", "rating_in_range",
       "repayment_has_loan", "return_has_base", "segment_accepted", "volume_positive"}  # fmt: skip

FILES = {
    "raw_files.card_settlement": set(card_settlement.COLUMNS),
    "raw_files.ach_returns": set(ach_returns.COLUMNS),
    "raw_files.bank_statements": set(bank_statements.COLUMNS),
    "raw_files.processor_payouts": {"payout_id", "payout_date", "merchant_id", "currency", "transactions",
                                    "gross", "fee", "net"},
    "raw_files.clickstream": {"event_id", "event_type", "customer_id", "session_id", "device", "occurred_at"},
    "raw_files.credit_bureau": {column.name for column in credit_bureau.COLUMNS},
    "raw_files.sanctions_list": set(sanctions.Listed._fields),
    "raw_market.fx_rates": {"date", "base", "quote", "rate"},
}  # fmt: skip


def columns() -> dict[str, set[str]]:
    """The raw tables' columns in upper case, by logical name, as the sources have them."""
    found = {name: {column.upper() for column in names} for name, names in FILES.items()}
    for schema in ("core", "ledger"):
        text = (ROOT / "local" / "sources" / "schema" / f"{schema}.sql").read_text()
        for table, body in re.findall(rf"CREATE TABLE {schema}\.(\w+) \((.*?)\n\);", text, re.S):
            found[f"raw_{schema}.{table}"] = {
                one.upper() for one in re.findall(r"^    ([a-z]\w*) ", body, re.M)
            }
    return found


def every() -> list[Suite]:
    return [read(name) for name in names()]


def test_each_pipeline_has_its_suites() -> None:
    found = set(names())
    assert {name for name in found if not name.startswith("deep_")} == BEFORE | AFTER
    assert {"deep_core", "deep_ledger", "deep_marts", "deep_privacy"} <= found


@pytest.mark.parametrize("name", names())
def test_a_suite_is_written_the_one_way(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text()
    assert written(json.loads(text)) == text


@pytest.mark.parametrize("suite", every(), ids=lambda suite: suite.name)
def test_a_suite_is_owned_and_its_results_can_be_told_apart(suite: Suite) -> None:
    assert {one.meta.owner for one in suite.expectations} <= OWNERS
    told = Counter(
        (one.meta.table, one.meta.rule, one.type, one.meta.severity, json.dumps(one.kwargs, sort_keys=True))
        for one in suite.expectations
    )
    assert max(told.values()) == 1


def test_a_suite_is_owned_by_whom_its_dag_belongs_to_where_it_has_one_owner() -> None:
    promised = {one.dag_id: one.owner for one in HAND_WRITTEN}
    for name in ("ml_feature_pipeline", "stock_pipeline_dag"):
        assert {one.meta.owner for one in read(f"postflight_{name}").expectations} == {promised[name]}


@pytest.mark.parametrize("suite", every(), ids=lambda suite: suite.name)
def test_a_suite_knows_the_columns_of_raw_tables(suite: Suite) -> None:
    known = columns()
    for table, looked in suite.meta.tables.items():
        if table in known:
            used = {*looked.key, *([looked.measure] if looked.measure else [])}
            for one in suite.expectations:
                if one.meta.table == table:
                    named = [one.kwargs.get(name, []) for name in ("column_list", "group_by")]
                    named += [
                        [one.kwargs[name]]
                        for name in ("column", "column_A", "column_B")
                        if name in one.kwargs
                    ]
                    used.update(*named)
            assert used <= known[table]


@pytest.mark.parametrize("suite", every(), ids=lambda suite: suite.name)
def test_every_place_in_a_suite_is_filled(suite: Suite) -> None:
    known = {**words(BATCH), **full_names(suite, {}), "batch": "X"}
    for one in suite.expectations:
        assert not list(places(filled(one.kwargs, known)))
    histograms = {
        one.kwargs["partition_object"] for one in suite.expectations if "partition_object" in one.kwargs
    }
    assert histograms == set(suite.meta.histograms)


def test_every_rule_of_a_fault_has_exactly_one_home() -> None:
    for fault in FAULTS.values():
        own = [f"{kind}_{fault.dag_id}" for kind in ("preflight", "postflight")]
        if fault.dag_id == "platform_dq_deep_weekly":
            own = [name for name in names() if name.startswith("deep_")]
        homes = [
            name
            for name in own
            if name in names() and fault.rule in {one.meta.rule for one in read(name).expectations}
        ]
        homes += [home for home, rules in (("reading", READING), ("dbt", DBT)) if fault.rule in rules]
        assert len(homes) == 1, (fault.name, fault.rule, homes)


def test_only_rules_of_faults_are_left_to_others() -> None:
    assert {fault.rule for fault in FAULTS.values()} >= READING | DBT


def test_no_suite_tolerates_what_a_contract_refuses() -> None:
    """Where the warehouse takes no row without a value, a share of such rows can never be found."""
    refused = {
        (f"marts.{model['name']}", column["name"].upper())
        for file in (ROOT / "dbt" / "models" / "marts").rglob("*__models.yml")
        for model in yaml.safe_load(file.read_text())["models"]
        for column in model["columns"]
        if {"type": "not_null"} in column.get("constraints", [])
    }
    asked = {
        (one.meta.table, one.kwargs["column"])
        for suite in every()
        for one in suite.expectations
        if one.type == "expect_column_proportion_of_non_null_values_to_be_between"
    }
    assert refused
    assert asked
    assert asked & refused == set()


def test_all_personal_data_of_the_sources_is_in_the_catalogue() -> None:
    for schema in ("core", "ledger"):
        text = (ROOT / "local" / "sources" / "schema" / f"{schema}.sql").read_text()
        marked = re.findall(rf"COMMENT ON COLUMN {schema}\.\w+\.(\w+) IS 'PII", text)
        assert {name.upper() for name in marked} <= KINDS.keys()


def test_the_privacy_suite_looks_into_all_free_texts() -> None:
    looked: dict[str, tuple[str, ...]] = {}
    for one in read("deep_privacy").expectations:
        looked[one.meta.table] = (*looked.get(one.meta.table, ()), one.kwargs["column"])
    assert looked == dict(FREE_TEXT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": "TODO: why?  because I say so"}, "nobody has said it yet"),
        ({"owner": "TODO"}, "nobody has said it yet"),
        ({"reason": "short"}, "at least 20 characters"),
        ({"severity": "fatal"}, "'warn' or 'error'"),
        ({"table": "raw_core.others"}, "tables with and without expectations differ"),
        ({"surprise": 1}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_not_told_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], said: str
) -> None:
    monkeypatch.setattr("lib.quality.suites.FOLDER", tmp_path)
    one = expect("column_values_to_not_be_null", "there", "raw_core.loans", column="X")
    one["meta"] |= change
    document = {
        "name": "mine",
        "meta": {"about": "Made for a test.", "tables": {"raw_core.loans": {}}},
        "expectations": [one],
    }
    (tmp_path / "mine.json").write_text(json.dumps(document))
    with pytest.raises(SuiteInvalid, match=r"mine\.json") as refused:
        read("mine")
    assert said in str(refused.value)


def test_a_name_that_stands_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\{\{ tomorrow \}\} stands for nothing"):
        filled("SELECT {{ tomorrow }}", words(BATCH))


def test_a_table_of_another_suite_is_refused() -> None:
    with pytest.raises(ValueError, match=r"does not look at raw_core\.cards"):
        full_names(read("preflight_ingest_pg_loans"), {"raw_core.cards": "X"})
