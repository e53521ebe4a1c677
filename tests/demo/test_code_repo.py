"""What the story takes of the checkout is enough for what it runs, and no more."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from local.demo import code_repo
from local.demo.code_repo import DAGS, CodeRepo, copy_checkout
from local.environments import dbt_executable
from local.git_repos import git
from local.options import ROOT


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story") / "code"
    CodeRepo.create_for_story(folder)
    return folder


def test_the_story_has_as_many_dags_as_it_tells_of(story: Path) -> None:
    names = {path.stem for path in (story / "dags").glob("*.py")}
    assert len(names) == DAGS
    real = {name for name in names if not name.startswith("generated_")}
    assert real == {"films_elt", "heartbeat", "release_probe", "slow_report"}


def test_it_is_committed_as_it_is(story: Path) -> None:
    assert git(story, "status", "--porcelain") == ""
    assert git(story, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.airflow
def test_its_dbt_project_is_the_films_and_is_whole(story: Path, tmp_path: Path) -> None:
    written = ("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs"))
    parse = [str(dbt_executable()), "parse", "--project-dir", ".", "--profiles-dir", ".", *written]
    place = {"HOST": "here", "USER": "me", "PASSWORD": "", "DATABASE": "films"}
    env = {"PATH": os.defpath, "HOME": str(tmp_path), **{f"FINEDGE_PG_{key}": place[key] for key in place}}
    done = subprocess.run(parse, cwd=story / "dbt", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    nodes = json.loads((tmp_path / "target" / "manifest.json").read_text())["nodes"].values()
    models = {node["name"] for node in nodes if node["resource_type"] == "model"}
    assert models == {path.stem for path in (ROOT / "dbt/models/films").rglob("*.sql")}


def test_the_whole_checkout_is_copied_without_what_tools_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    for name in ("dags/a.py", "dags/lib/b.py", "dags/__pycache__/a.pyc", "dbt/target/x.json", "dbt/y.yml"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(name)
    monkeypatch.setattr(code_repo, "ROOT", checkout)
    copy_checkout(tmp_path / "code", code_repo.EVERYTHING)
    found = {str(path.relative_to(tmp_path / "code")) for path in (tmp_path / "code").rglob("*.*")}
    assert found == {"dags/a.py", "dags/lib/b.py", "dbt/y.yml"}


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the checkout has no dags/nothing\.py"):
        copy_checkout(tmp_path / "code", ["dags/nothing.py"])
