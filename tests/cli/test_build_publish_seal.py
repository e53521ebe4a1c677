"""From the code repo to a sealed release: ``build``, ``publish``, ``seal``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from reconciler.model.component import Component
from reconciler.model.errors import Terminal, Transient
from tests.cli.desk import Desk
from tests.engine.scene import RECONCILER_YAML

FILES = {
    "dags/films.py": "from airflow import DAG\nfrom lib.words import HELLO\n",
    "dags/lib/words.py": "HELLO = 1\n",
    "dbt/dbt_project.yml": "name: warehouse\n",
}


@pytest.fixture
def code(folder: Path) -> Path:
    """A code repo with one commit, as the working folder."""
    _git("init", "-q", "-b", "main")
    _git("config", "user.name", "Ana")
    _git("config", "user.email", "ana@example.com")
    _commit(folder, FILES)
    return folder


@pytest.fixture
def python(folder: Path) -> Path:
    """What stands for a Python with Airflow 3.0.6, at the place where it is looked for."""
    path = folder / ".envs/airflow-3.0.6/bin/python"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def _commit(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    _git("add", *files)
    _git("commit", "-qm", "Change")


def test_build_writes_each_component(desk: Desk, code: Path) -> None:
    answer = desk.run("build", "--version", "1.0.0")

    assert answer.code == 0, answer.err
    assert [line.split()[0] for line in answer.out.splitlines()[1:4]] == ["dags", "libs", "dbt"]
    assert "Next: reconciler publish --version 1.0.0" in answer.out
    for component in Component:
        manifest = json.loads((code / f"dist/{component}-1.0.0/manifest.json").read_text())
        assert manifest["version"] == "1.0.0"
        assert (code / f"dist/{component}-1.0.0/artifact.tar.gz").stat().st_size > 0


def test_build_of_some_components(desk: Desk, code: Path) -> None:
    document = desk.json("build", "libs", "--version", "1.0.0", "--out", "there")

    assert [artifact["component"] for artifact in document["artifacts"]] == ["libs"]
    assert document["artifacts"][0]["authors"] == ["Ana <ana@example.com>"]
    assert all(gate["passed"] for gate in document["artifacts"][0]["gates"])
    assert [path.name for path in (code / "there").iterdir()] == ["libs-1.0.0"]


def test_build_counts_authors_since_the_parent(desk: Desk, code: Path) -> None:
    desk.run("build", "libs", "--version", "1.0.0")
    _git("config", "user.name", "Ben")
    _commit(code, {"dags/lib/words.py": "HELLO = 2\n"})

    document = desk.json("build", "libs", "--version", "1.1.0", "--parent", "1.0.0")

    assert document["artifacts"][0]["authors"] == ["Ben <ana@example.com>"]


def test_a_parent_is_found_in_the_artifact_store_too(desk: Desk, code: Path) -> None:
    desk.run("build", "libs", "--version", "1.0.0", "--out", "elsewhere")
    desk.run("publish", "libs", "--version", "1.0.0", "--dist", "elsewhere", "--no-seal")

    assert desk.run("build", "libs", "--version", "1.1.0", "--parent", "1.0.0").code == 0
    answer = desk.run("build", "libs", "--version", "1.1.0", "--parent", "0.9.0")
    assert answer.code == 3
    assert "The parent libs 0.9.0 is neither in dist nor published." in answer.err


def test_a_build_without_a_parent_that_needs_one_says_which_and_why(desk: Desk, code: Path) -> None:
    for version in ("1.0.0", "1.9.0", "1.10.0-rc.1", "1.10.0", "2.0.0"):
        desk.scene.publish(version, {"films": version})

    answer = desk.run("build", "--version", "1.11.0")

    assert answer.code == 0
    assert answer.err.count("warning") == 1
    assert "warning: dags, libs, dbt 1.11.0 has no parent, though 1.10.0 is published" in answer.err
    assert "everybody who ever touched it counts as its author" in answer.err
    assert "reconciler build dags libs dbt --version 1.11.0 --parent 1.10.0" in answer.err
    assert "warning" not in desk.run("build", "--version", "0.9.0").err
    parents = [one["parent"] for one in desk.json("build", "--version", "1.11.0")["artifacts"]]
    assert parents == [None] * 3


def test_components_that_have_different_versions_before_them_are_told_apart(desk: Desk, code: Path) -> None:
    desk.run("build", "--version", "1.0.0")
    desk.run("publish", "--version", "1.0.0", "--no-seal")
    child = desk.run("build", "libs", "--version", "1.1.0", "--parent", "1.0.0")
    assert (child.code, child.err) == (0, "")
    desk.run("publish", "libs", "--version", "1.1.0", "--no-seal")

    told = desk.run("build", "dags", "libs", "--version", "1.2.0").err

    assert "reconciler build dags --version 1.2.0 --parent 1.0.0" in told
    assert "reconciler build libs --version 1.2.0 --parent 1.1.0" in told


def test_building_needs_no_store(desk: Desk, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unset() -> None:
        raise Terminal("RECONCILER_ARTIFACTS is not set.", "Set it.")

    monkeypatch.setattr(desk.platform, "artifacts", unset)

    answer = desk.run("build", "--version", "1.1.0")

    assert (answer.code, answer.err) == (0, "")


def test_build_refuses_what_does_not_compile(desk: Desk, code: Path) -> None:
    _commit(code, {"dags/films.py": "def broken(:\n", "dags/worse.py": "class\n"})

    answer = desk.run("build", "--version", "1.0.0")

    assert answer.code == 3
    assert "error: 2 problems" in answer.err
    assert "dags/films.py:1:" in answer.err
    assert "dags/worse.py:1:" in answer.err


def test_publish_stores_and_seals_with_what_runs(desk: Desk, code: Path, python: Path) -> None:
    desk.scene.publish("1.0.0", {"films": "one"})
    desk.scene.push("1.0.0")
    desk.run("build", "dags", "--version", "1.1.0")

    document = desk.json("publish", "dags", "--version", "1.1.0")

    assert [(one["component"], one["new"]) for one in document["artifacts"]] == [("dags", True)]
    (sealed,) = document["sealed"]
    assert sealed["versions"] == {"dags": "1.1.0", "libs": "1.0.0", "dbt": "1.0.0"}
    assert sealed["new"] is True
    assert desk.scene.artifacts.release(sealed["release"]) is not None


def test_publishing_again_is_fine(desk: Desk, code: Path, python: Path) -> None:
    desk.scene.push("1.0.0")
    desk.run("build", "--version", "1.0.0")
    first = desk.run("publish", "--version", "1.0.0")

    again = desk.run("publish", "--version", "1.0.0")

    assert (first.code, again.code) == (0, 0)
    assert first.out.count(" new") == 3
    assert "Sealed dags 1.0.0, libs 1.0.0, dbt 1.0.0 as release" in first.out
    assert again.out.count("already published") == 3
    assert "Already sealed: dags 1.0.0" in again.out


def test_a_version_never_changes_its_meaning(desk: Desk, code: Path) -> None:
    desk.run("build", "--version", "1.0.0")
    desk.run("publish", "--version", "1.0.0", "--no-seal")
    _commit(code, {"dags/films.py": "from airflow import DAG\n"})
    desk.run("build", "--version", "1.0.0")

    answer = desk.run("publish", "--version", "1.0.0", "--no-seal")

    assert answer.code == 3
    assert "dags 1.0.0 is published already" in answer.err
    assert "→ Publish it under a new version." in answer.err


def test_what_was_not_built_is_not_published(desk: Desk, code: Path) -> None:
    desk.run("build", "dags", "--version", "1.0.0")

    answer = desk.run("publish", "--version", "1.0.0")

    assert answer.code == 3
    assert "dist/libs-1.0.0/manifest.json does not exist" in answer.err
    assert "→ Run `reconciler build libs --version 1.0.0` first." in answer.err
    assert desk.scene.artifacts.versions(Component.DAGS) == ()


@pytest.mark.parametrize("body", [b"{", b"{}"])
def test_a_manifest_that_is_none(desk: Desk, code: Path, body: bytes) -> None:
    desk.run("build", "dags", "--version", "1.0.0")
    (code / "dist/dags-1.0.0/manifest.json").write_bytes(body)

    answer = desk.run("publish", "dags", "--version", "1.0.0")

    assert answer.code == 3
    assert "is not a manifest" in answer.err


def test_bytes_that_are_not_the_manifests_are_refused(desk: Desk, code: Path) -> None:
    desk.run("build", "dags", "libs", "--version", "1.0.0")
    (code / "dist/dags-1.0.0/artifact.tar.gz").write_bytes(b"other")

    assert desk.run("publish", "dags", "--version", "1.0.0").code == 3
    assert desk.scene.artifacts.resolve(Component.DAGS, "1.0.0") is None


def test_another_artifact_in_the_folder_is_refused(desk: Desk, code: Path) -> None:
    desk.run("build", "libs", "--version", "1.0.0")
    (code / "dist/libs-1.0.0").rename(code / "dist/dags-1.0.0")

    answer = desk.run("publish", "dags", "--version", "1.0.0")

    assert answer.code == 3
    assert "dist/dags-1.0.0 holds libs 1.0.0" in answer.err


def test_what_does_not_import_is_not_sealed(desk: Desk, code: Path, python: Path) -> None:
    desk.scene.push("1.0.0")
    desk.run("build", "--version", "1.0.0")
    desk.platform.import_error = (
        "dags/films.py:2: it does not import. ImportError: no HELLO\ndags/b.py: neither"
    )

    answer = desk.run("publish", "--version", "1.0.0")

    assert answer.code == 3
    assert "error: 2 problems\n  dags/films.py:2: it does not import. ImportError: no HELLO\n" in answer.err
    assert desk.scene.artifacts.resolve(Component.DAGS, "1.0.0") is not None


def test_an_environment_without_the_other_components_is_passed_over(desk: Desk, code: Path) -> None:
    desk.platform.names = ("dev", "prod")
    desk.scene.push("1.0.0")
    desk.run("build", "dags", "--version", "2.0.0")

    answer = desk.run("publish", "dags", "--version", "2.0.0")

    assert answer.code == 0
    assert "dev: nothing to seal. libs 1.0.0 was never published." in answer.err
    assert "prod: nothing to seal." in answer.err


def test_an_environment_whose_files_are_wrong_is_no_success(desk: Desk, code: Path, python: Path) -> None:
    desk.platform.names = ("prod", "dev")
    _prod_like_dev(desk)
    desk.scene.repo.person_pushes({"prod/pointer.yaml": b"components: 5\n"})
    desk.run("build", "--version", "1.0.0")

    answer = desk.run("publish", "--version", "1.0.0")
    document = desk.run("publish", "--version", "1.0.0", "-o", "json")

    assert (answer.code, document.code) == (3, 3)
    assert "prod/pointer.yaml:1: " in answer.err
    assert "→ All of 1.0.0 is published, and sealed where it could be." in answer.err
    assert "Sealed dags 1.0.0, libs 1.0.0, dbt 1.0.0 as release" in answer.out
    assert any("prod/pointer.yaml:1: " in one for one in document.json["error"]["problems"])
    assert desk.scene.artifacts.resolve(Component.DAGS, "1.0.0") is not None


def test_publish_when_git_does_not_answer(desk: Desk, code: Path) -> None:
    desk.scene.repo.fail_next("tip", Transient("Git did not answer."))
    desk.run("build", "--version", "1.0.0")

    answer = desk.run("publish", "--version", "1.0.0")

    assert answer.code == 5
    assert desk.scene.artifacts.resolve(Component.DBT, "1.0.0") is not None


def _three_versions(desk: Desk) -> None:
    desk.scene.publish("1.0.0", {"films": "one"})
    desk.scene.publish("1.1.0", {"films": "two"})
    desk.scene.push("1.0.0")


def test_seal_a_mix(desk: Desk, python: Path) -> None:
    _three_versions(desk)

    answer = desk.run("seal", "dev", "--dags", "1.1.0")

    assert answer.code == 0
    assert "✓ Sealed dags 1.1.0, libs 1.0.0, dbt 1.0.0 as release" in answer.out
    assert "films" in answer.out
    assert "Already sealed" in desk.run("seal", "dev", "--dags", "1.1.0").out


def test_seal_what_is_sealed_needs_no_airflow(desk: Desk, folder: Path) -> None:
    _three_versions(desk)

    document = desk.json("seal", "dev")

    assert document["new"] is False
    assert document["dags"] == ["films"]


def test_seal_without_an_airflow(desk: Desk, folder: Path) -> None:
    _three_versions(desk)

    answer = desk.run("seal", "dev", "--libs", "1.1.0")

    assert answer.code == 3
    assert "Sealing needs a Python with Airflow 3.0.6" in answer.err
    assert "--airflow-python or RECONCILER_AIRFLOW_PYTHON" in answer.err


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_interpreter_can_be_named(desk: Desk, folder: Path, how: str) -> None:
    _three_versions(desk)
    mine = folder / "mine"
    mine.touch()
    options = ["--airflow-python", str(mine)] if how == "option" else []
    env = {"RECONCILER_AIRFLOW_PYTHON": str(mine)} if how == "variable" else {}

    assert desk.run("seal", "dev", "--libs", "1.1.0", *options, env=env).code == 0


def test_another_airflow_is_refused(desk: Desk, python: Path) -> None:
    _three_versions(desk)
    desk.platform.airflow = "3.1.0"

    answer = desk.run("seal", "dev", "--libs", "1.1.0")

    assert answer.code == 3
    assert "has Airflow 3.1.0, but the environment runs 3.0.6" in answer.err


def test_seal_a_version_that_was_never_published(desk: Desk, python: Path) -> None:
    _three_versions(desk)

    answer = desk.run("seal", "dev", "--dbt", "7.0.0")

    assert answer.code == 3
    assert "→ Publish it with `reconciler publish dbt --version 7.0.0`." in answer.err


def test_one_release_is_sealed_once_for_all_environments(desk: Desk, code: Path, python: Path) -> None:
    desk.platform.names = ("dev", "prod")
    _prod_like_dev(desk)
    desk.run("build", "--version", "1.0.0")

    assert len(desk.json("publish", "--version", "1.0.0")["sealed"]) == 1


def _prod_like_dev(desk: Desk) -> None:
    """Both environments name 1.0.0."""
    desk.scene.push("1.0.0")
    files = desk.scene.repo.files(desk.scene.repo.tip())
    prod = {
        path.replace("dev/", "prod/"): body.replace(b"name: dev", b"name: prod")
        for path, body in files.items()
    }
    prod["reconciler.yaml"] = RECONCILER_YAML.replace(b"[dev]", b"[dev, prod]")
    desk.scene.repo.person_pushes(prod)
