"""The configurations that the platform is grown by are as sound as those written by people."""

from __future__ import annotations

from pathlib import Path

import pytest
from lib.factory.reading import read_config

from local.config_generator import generate_configs
from tests.dags.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of DAGs with one configuration."""
    (tmp_path / "config").mkdir()
    for name in ("ingest_pg_cards.py", "config/ingest_pg_cards.yml"):
        (tmp_path / name).write_bytes((ROOT / "dags" / name).read_bytes())
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_each_is_valid_and_has_a_stub(folder: Path) -> None:
    ids = generate_configs(folder, 55)
    assert len(set(ids)) == 55
    configs = [read_config(folder / "config" / f"{dag_id}.yml") for dag_id in ids]
    assert {config.template for config in configs} == {"pg_incremental", "s3_file_feed"}
    stubs = {path.read_bytes() for path in folder.glob("*.py")}
    assert len(stubs) == 1
    assert {path.stem for path in folder.glob("*.py")} == {*ids, "ingest_pg_cards"}


def test_the_same_seed_is_the_same_files(folder: Path) -> None:
    generate_configs(folder, 5, seed=3)
    before = contents(folder)
    generate_configs(folder, 5, seed=3)
    assert contents(folder) == before
    generate_configs(folder, 5, seed=4)
    assert contents(folder) != before
