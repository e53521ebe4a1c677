"""What cannot travel, or would differ from machine to machine, is refused with its place and a remedy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.build import source
from reconciler.build.package import build_component
from reconciler.core.archive_rules import Limits
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from tests.build.code_repo import CodeRepo


def refusal(root: Path, component: Component = Component.DAGS, version: str = "1.0.0") -> Terminal:
    with pytest.raises(Terminal) as refused:
        build_component(root, component, version)
    assert refused.value.reason is Reason.ARTIFACT_FAILED
    assert refused.value.remedy
    return refused.value


@pytest.mark.parametrize(
    "change",
    [
        {"dags/films.py": b"# airflow dag, changed\n"},
        {"dags/new.py": b"# airflow dag\n"},
        {"dags/films.py": None},
    ],
)
def test_changes_that_are_not_committed(repo: CodeRepo, change: dict[str, bytes | None]) -> None:
    repo.write(change)
    refused = refusal(repo.root)
    assert next(iter(change)) in refused.message
    assert "git stash -u" in refused.remedy


def test_changes_that_are_staged(repo: CodeRepo) -> None:
    repo.write({"dags/new.py": b""})
    repo.git("add", "--all")
    assert "dags/new.py" in refusal(repo.root).message


def test_changes_elsewhere_and_compiled_files_do_not_matter(repo: CodeRepo) -> None:
    repo.write(
        {
            "dags/lib/loading.py": b"changed",
            "README.md": b"changed",
            "dags/__pycache__/films.cpython-312.pyc": b"\0",
        }
    )
    build_component(repo.root, Component.DAGS, "1.0.0")
    assert "dags/lib/loading.py" in refusal(repo.root, Component.LIBS).message


def test_a_symbolic_link(repo: CodeRepo) -> None:
    (repo.root / "dags" / "link.py").symlink_to("/etc/passwd")
    repo.commit({})
    assert "'dags/link.py' is a symbolic link" in refusal(repo.root).message


def test_a_submodule(repo: CodeRepo) -> None:
    repo.commit_raw("dags/module", mode="160000")
    (repo.root / "dags" / "module").mkdir()
    assert "'dags/module' is a submodule" in refusal(repo.root).message


def test_git_lfs(repo: CodeRepo) -> None:
    repo.commit({"dags/big.csv": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"})
    assert "dags/big.csv is kept in Git LFS" in refusal(repo.root).message


@pytest.mark.parametrize("name", ["dags/bell\a.py", "dags/back\\slash.py", "dags/cached.pyc"])
def test_names_that_are_not_plain(repo: CodeRepo, name: str) -> None:
    repo.commit({name: b""})
    assert repr(name) in refusal(repo.root).message


def test_a_name_that_is_not_utf8(repo: CodeRepo) -> None:
    repo.commit({"dags/caf\udce9.py": b""})
    assert "not UTF-8" in refusal(repo.root).message


def test_names_that_differ_only_by_case(repo: CodeRepo) -> None:
    repo.commit({"dags/Films.py": b""})
    assert "'dags/films.py' differs from 'dags/Films.py' only by case" in refusal(repo.root).message


@pytest.mark.parametrize("limits", [Limits(files=1), Limits(size=20)])
def test_too_much(repo: CodeRepo, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "ARTIFACT", limits)
    refused = refusal(repo.root)
    assert "2 files" in refused.message
    assert "dags/films.py" in refused.message


def test_a_component_that_is_not_there(repo: CodeRepo) -> None:
    repo.commit({"dags/lib/loading.py": None})
    assert "dags/lib/ holds no committed file" in refusal(repo.root, Component.LIBS).message


def test_no_repository_and_no_commit(tmp_path: Path) -> None:
    assert "not the top folder of a Git repository" in refusal(tmp_path).message
    assert "no such" not in refusal(tmp_path / "absent").message
    assert "has no commit yet" in refusal(CodeRepo(tmp_path / "empty").root).message


@pytest.mark.parametrize("version", ["v1.0.0", "1.0", "", "1.0.0 ", "../1.0.0"])
def test_a_version_that_is_none(repo: CodeRepo, version: str) -> None:
    assert "semver" in refusal(repo.root, version=version).remedy


def test_a_parent_that_cannot_be_one(repo: CodeRepo) -> None:
    libs, _ = build_component(repo.root, Component.LIBS, "1.0.0")
    with pytest.raises(Terminal, match=r"a version of libs, not of dags"):
        build_component(repo.root, Component.DAGS, "1.1.0", libs)
    with pytest.raises(Terminal, match=r"its own parent"):
        build_component(repo.root, Component.LIBS, "1.0.0", libs)


def test_a_shallow_clone(repo: CodeRepo, tmp_path: Path) -> None:
    repo.commit({"dags/films.py": b"# airflow dag 2\n"})
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{repo.root}", str(shallow)], check=True)
    assert "git fetch --unshallow" in refusal(shallow).remedy


def test_a_parent_commit_that_is_unknown(repo: CodeRepo) -> None:
    parent, _ = build_component(repo.root, Component.DAGS, "1.0.0")
    with pytest.raises(Terminal, match=r"built from commit dddddddddddd"):
        build_component(repo.root, Component.DAGS, "1.1.0", parent.model_copy(update={"commit": "d" * 40}))
