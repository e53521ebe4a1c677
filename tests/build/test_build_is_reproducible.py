"""Whoever builds a commit, wherever, builds the same bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from reconciler.build.archive import unpack
from reconciler.build.package import build_component
from reconciler.core.identity import sha256
from reconciler.model.component import Component
from tests.build.code_repo import CodeRepo


def test_two_clones_give_the_same_bytes(repo: CodeRepo, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repo.root), str(other)], check=True)
    for component in Component:
        assert build_component(repo.root, component, "1.0.0") == build_component(other, component, "1.0.0")


def test_an_artifact_holds_its_component_alone_at_its_paths(repo: CodeRepo) -> None:
    held = {part: set(unpack(build_component(repo.root, part, "1.0.0")[1])) for part in Component}
    assert held == {
        Component.DAGS: {"dags/films.py", "dags/sql/films.sql"},
        Component.LIBS: {"dags/lib/loading.py"},
        Component.DBT: {"dbt/dbt_project.yml", "dbt/models/films.sql"},
    }


def test_the_manifest_describes_the_bytes(repo: CodeRepo) -> None:
    manifest, archive = build_component(repo.root, Component.DAGS, "1.0.0")
    described = {entry.path: (entry.sha256, entry.size) for entry in manifest.files}
    assert described == {path: (sha256(body), len(body)) for path, body in unpack(archive).items()}
    assert manifest.commit == repo.git("rev-parse", "HEAD")
    assert {gate.name for gate in manifest.gates if gate.passed} == {
        "python-compiles",
        "travels-with-a-release",
        "names-are-free",
    }


def test_the_digest_is_of_the_content_alone(repo: CodeRepo) -> None:
    before, _ = build_component(repo.root, Component.LIBS, "1.0.0")
    repo.commit({"README.md": b"# Other\n", "dags/films.py": b"# airflow dag\n"})
    after, _ = build_component(repo.root, Component.LIBS, "1.0.1", before)
    assert (after.digest, after.authors, after.parent) == (before.digest, (), "1.0.0")
    repo.commit({"dags/lib/loading.py": b"def load():\n    return 2\n"})
    assert build_component(repo.root, Component.LIBS, "1.1.0")[0].digest != before.digest


def test_line_endings_and_names_come_as_they_were_committed(repo: CodeRepo) -> None:
    body = "größe = 'a'\r\n".encode()
    repo.git("config", "core.autocrlf", "true")
    repo.commit_raw("dags/größe.py", body=body)
    repo.git("checkout", "--quiet", "--force", "HEAD", "--", ".")
    assert unpack(build_component(repo.root, Component.DAGS, "1.0.0")[1])["dags/größe.py"] == body
