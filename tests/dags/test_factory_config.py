"""What a configuration may say, and what is said of one that says something else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from croniter import croniter
from lib.factory.model import TEMPLATES, Config, PgIncremental, S3FileFeed
from lib.factory.reading import MAX_BYTES, ConfigError, read_config
from lib.intervals import interval_of
from lib.loads.folders import awaited
from pydantic import TypeAdapter

from tests.dags.conftest import ROOT

CONFIGS = sorted((ROOT / "dags" / "config").glob("*.yml"))
SCHEMA = ROOT / "schemas" / "dag-config.schema.json"
GOOD = (ROOT / "dags" / "config" / "ingest_pg_accounts.yml").read_text()


def schema() -> str:
    """The JSON Schema of a configuration, for editors."""
    found = TypeAdapter(Config).json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **found}, indent=2) + "\n"


def refusal(tmp_path: Path, text: str | bytes, name: str = "some_dag") -> list[str]:
    """The lines of the error that a configuration gives."""
    file = tmp_path / "config" / f"{name}.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as refused:
        read_config(file)
    return str(refused.value).splitlines()


def test_the_published_schema_is_the_models() -> None:
    assert SCHEMA.read_text() == schema(), (
        "write it anew: python -c 'import tests.dags.conftest; "
        "from tests.dags.test_factory_config import *; SCHEMA.write_text(schema())'"
    )


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_each_configuration_is_read_and_names_its_schema(file: Path) -> None:
    config = read_config(file)
    first = file.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schemas/dag-config.schema.json"
    assert config.suite in {f"preflight_{file.stem}.json", f"postflight_{file.stem}.json"}
    assert (file.parent.parent / f"{file.stem}.py").exists()


@pytest.mark.parametrize(
    ("dag_id", "days"), [("ingest_s3_fx_rates", range(5)), ("ingest_s3_sanctions", range(7))]
)
def test_what_is_there_in_the_evening_is_read_that_evening(dag_id: str, days: range) -> None:
    config = read_config(ROOT / "dags" / "config" / f"{dag_id}.yml")
    assert isinstance(config, S3FileFeed)
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    due = croniter(config.schedule, monday, ret_type=datetime)
    read = []
    for _ in days:
        run = SimpleNamespace(logical_date=due.get_next(), conf=None, consumed_asset_events=[])
        interval = interval_of({"dag_run": run}, config.period, config.early)
        assert run.logical_date < interval.end <= run.logical_date + config.sla + config.early
        read += awaited(config, interval)
    wanted = [config.folder.format(day=(monday + timedelta(days=day)).date()) for day in days]
    assert read == [f"{folder}{name}" for folder in wanted for name in config.files]


def test_only_files_about_a_day_are_early(tmp_path: Path) -> None:
    hourly = (ROOT / "dags" / "config" / "ingest_s3_clickstream.yml").read_text()
    (line,) = refusal(tmp_path, hourly.replace("sla_minutes:", "early_minutes: 60\nsla_minutes:"))
    assert "expected early_minutes only where files are about a day" in line


def test_the_examples_of_the_docs_are_configurations(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "platform" / "pipelines.md").read_text()
    examples = re.findall(r"```yaml\n(template: .*?)```", page, re.DOTALL)
    found = []
    for number, example in enumerate(examples):
        (tmp_path / f"example_{number}.yml").write_text(example)
        found.append(read_config(tmp_path / f"example_{number}.yml").template)
    assert found == list(TEMPLATES)
    (stub,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert stub == (ROOT / "dags" / f"{CONFIGS[0].stem}.py").read_text()


def test_all_files_of_the_factory_are_the_same() -> None:
    assert len({(ROOT / "dags" / f"{file.stem}.py").read_bytes() for file in CONFIGS}) == 1
    assert len(CONFIGS) >= 15


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("template: pg_incremental", "template: pg"), "2: template: expected one of pg_incremental"),
        (("template: pg_incremental\n", ""), "2: template: expected one of pg_incremental"),
        (("period: day", "period: minute"), "7: period: expected to be 'hour' or 'day', found 'minute'"),
        (("sla_minutes: 45", "sla_minutes: soon"), "8: sla_minutes: expected to be a valid integer"),
        (("sla_minutes: 45", "sla_minutes: 0"), "8: sla_minutes: expected to be greater than 0, found '0'"),
        (("sla_minutes: 45\n", ""), "2: sla_minutes: expected this key, it is missing"),
        (("owner: customer-data", "owner: customer-data\nowners: x"), "6: owners: expected no such key"),
        (('"20 0 * * *"', '"20 0 * *"'), "6: schedule: expected a cron schedule of five fields"),
        (('"20 0 * * *"', '"61 0 * * *"'), "6: schedule: expected a cron schedule of five fields"),
        (("key: [account_id]", "key: [id]"), "16: tables.accounts: expected every name of key"),
        (("key: [account_id]", "key: account_id"), "17: tables.accounts.key: expected to be a valid list"),
        (("product: VARCHAR", "product: MONEY(1"), "accounts.columns.product.type: expected a type"),
        (("product: VARCHAR", "product: {typ: VARCHAR}"), "accounts.columns.product.typ: expected no such"),
        (("period: day", "period: day\nperiod: day"), "8: period: expected once, found again"),
        (("period: day", "period: [day"), "expected YAML: "),
        (("period: day", "period: &a day"), "7: expected no anchors and aliases"),
        (("period: day", "period: *a"), "7: expected no anchors and aliases"),
        (("period: day", "<<: {a: b}"), "7: expected a plain key"),
        (("period: day", "? [a]\n: day"), "7: expected a plain key"),
        (("period: day", f"period: {'[' * 50}{']' * 50}"), "7: expected at most 10 levels"),
        (("period: day", "period: !!python/object:os.system day"), "7: expected no tags"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    spoilt = GOOD.replace(*change, 1)
    assert spoilt != GOOD
    lines = refusal(tmp_path, spoilt)
    assert any(re.match(r"config/some_dag\.yml:\d+: ", line) and expected in line for line in lines), lines


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    spoilt = GOOD.replace("period: day", "period: year").replace("schema: core", "schema: CORE")
    assert [line.split(": ")[1] for line in refusal(tmp_path, spoilt)] == ["period", "source.schema"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ":1: expected keys and values, found nothing"),
        (b"- a\n", ":1: template: expected to be a valid dictionary"),
        (b"\xff\xfe", ":1: expected UTF-8"),
        (b"# " + b"x" * MAX_BYTES, ":1: expected at most 64 KB"),
    ],
)
def test_what_is_no_configuration(tmp_path: Path, body: bytes, expected: str) -> None:
    (line,) = refusal(tmp_path, body)
    assert expected in line


@pytest.mark.parametrize("name", ["x" * 39, "Some", "1st", "with-dash"])
def test_names_that_are_no_dag_id(tmp_path: Path, name: str) -> None:
    (line,) = refusal(tmp_path, GOOD, name)
    assert "a dag_id has at most 38 characters" in line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config/none\.yml:1: expected a file: No such file"):
        read_config(tmp_path / "config" / "none.yml")


def columns(config: PgIncremental) -> dict[tuple[str, str], Any]:
    return {
        (table, name): column
        for table, found in config.tables.items()
        for name, column in found.columns.items()
    }


def test_the_columns_are_the_sources_and_personal_data_is_tagged() -> None:
    declared: dict[tuple[str, str, str], bool] = {}
    for schema_name in ("core", "ledger"):
        ddl = (ROOT / "local" / "sources" / "schema" / f"{schema_name}.sql").read_text()
        for table, body in re.findall(r"CREATE TABLE \w+\.(\w+) \((.*?)\n\);", ddl, re.DOTALL):
            for name in re.findall(r"^    ([a-z]\w*) ", body, re.MULTILINE):
                comment = f"COMMENT ON COLUMN {schema_name}.{table}.{name} IS 'PII"
                declared[schema_name, table, name] = comment in ddl
    configured = {
        (config.source.schema_, *place): column.pii
        for config in map(read_config, CONFIGS)
        if isinstance(config, PgIncremental)
        for place, column in columns(config).items()
    }
    wanted = {place: pii for place, pii in declared.items() if place[1] != "period_close"}
    assert configured == wanted


def test_each_feed_has_one_configuration() -> None:
    feeds = [config.feed for config in map(read_config, CONFIGS) if isinstance(config, S3FileFeed)]
    there = {path.stem for path in (ROOT / "local" / "sources" / "feeds").glob("*.py")}
    assert sorted(feeds) == sorted(there - {"__init__", "feed", "parquet"})


def test_configurations_are_plain_yaml() -> None:
    for file in CONFIGS:
        assert yaml.safe_load(file.read_text())["template"] in {
            "pg_incremental",
            "s3_file_feed",
            "dbt_domain",
        }
