"""What is settled before anything starts: MWAA's skew, Airflow's settings, the template's few edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.airflow_settings import variables
from local.assembly import containers
from local.options import ROOT, MwaaEnvironment, StackOptions, Sync
from local.plan import Plan, Pythons, settle
from local.template import for_emulator, load

PYTHONS = Pythons(Path("airflow"), Path("ministack"), Path("functions"))


def plan(home: Path, **options: object) -> Plan:
    return settle(home, StackOptions(**options), PYTHONS)  # type: ignore[arg-type]


def test_by_default_all_of_airflow_reads_one_folder(tmp_path: Path) -> None:
    config = plan(tmp_path).airflows["dev"]
    assert config.dags == config.worker_dags
    assert [c.interval for c in containers(config, Sync())] == [1.0]


def test_like_mwaa_the_workers_see_another_moment_than_the_dag_processor(tmp_path: Path) -> None:
    config = plan(tmp_path, sync=Sync.like_mwaa()).airflows["dev"]
    assert config.dags != config.worker_dags
    processor, worker = containers(config, Sync.like_mwaa())
    assert (processor.folder, worker.folder) == (config.dags, config.worker_dags)
    assert (processor.interval, worker.interval) == (30.0, 30.0)
    assert worker.offset - processor.offset == 15.0
    assert variables(config, config.dags)["AIRFLOW__CORE__DAGS_FOLDER"] == str(config.dags)


def test_a_variable_for_airflow_may_name_the_stacks_postgresql(tmp_path: Path) -> None:
    settled = plan(tmp_path, airflow_env={"AIRFLOW_CONN_FILMS": "postgresql://{postgres}/films"})
    found = variables(settled.airflows["dev"], tmp_path)["AIRFLOW_CONN_FILMS"]
    assert found == f"postgresql://postgres@127.0.0.1:{settled.ports['postgres']}/films"


@pytest.mark.parametrize("part", ["warehouse", "aws"])
def test_a_variable_for_airflow_may_name_another_part(tmp_path: Path, part: str) -> None:
    settled = plan(tmp_path, airflow_env={"PLACE": f"http://{{{part}}}/"})
    found = variables(settled.airflows["dev"], tmp_path)["PLACE"]
    assert found == f"http://127.0.0.1:{settled.ports[part]}/"


def test_airflow_looks_for_new_files_as_often_as_is_wanted(tmp_path: Path) -> None:
    settled = plan(tmp_path, refresh_interval=20, parse_interval=300)
    found = variables(settled.airflows["dev"], tmp_path)
    assert found["AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL"] == "20"
    assert found["AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL"] == "300"


def test_environments_have_airflows_and_ports_of_their_own(tmp_path: Path) -> None:
    names = {name: MwaaEnvironment(f"finedge-{name}", f"bucket-{name}") for name in ("dev", "staging", "aws")}
    settled = plan(tmp_path, environments=names)
    ports = [config.port for config in settled.airflows.values()] + list(settled.ports.values())
    assert len({config.home for config in settled.airflows.values()}) == 3
    assert len(set(ports)) == 3 + 6


def test_the_emulator_gets_the_template_with_four_edits_and_no_more() -> None:
    original = load(ROOT / "template.yaml")
    edited = for_emulator(original, "http://host")
    function = edited["Resources"]["OnPush"]
    assert function["Properties"].pop("ImageUri")
    assert function["Properties"].pop("Environment") == {
        "Variables": {"MINISTACK_LAMBDA_PROXY_URL": "http://host/OnPush"}
    }
    pattern = function["Properties"]["Events"]["CodeCommit"]["Properties"]["Pattern"]
    assert pattern["source"].pop() == "local.codecommit"
    assert edited["Resources"]["Table"]["Properties"].pop("DeletionProtectionEnabled", None) is None
    functions = {"OnPush", "Reconcile", "Sweep", "CheckHealth", "OnAlarm"}
    untouched = set(original["Resources"]) - functions - {"Table"}
    assert all(edited["Resources"][name] == original["Resources"][name] for name in untouched)
    assert function["Properties"] == original["Resources"]["OnPush"]["Properties"]


def test_the_original_template_stays_as_it_was() -> None:
    original = load(ROOT / "template.yaml")
    for_emulator(original, "http://host")
    assert original == load(ROOT / "template.yaml")


def test_mwaa_is_named_as_the_environments_say() -> None:
    for name, here in StackOptions().environments.items():
        text = (ROOT / "environments" / name / "environment.yaml").read_text()
        assert f"environment: {here.name}\n" in text
        assert f"bucket: {here.bucket}\n" in text
