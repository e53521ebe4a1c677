"""What `make up` gives to play with: environments fitted to this machine, and the README's commands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from local import playground
from local.errors import LocalError
from local.options import ENVIRONMENTS, ROOT

ALL = ("dev", "prod", "staging")
NOTHING = {f"{name}/pointer.yaml": ["version: 0.0.0"] * 3 for name in ALL}
"""The file -> its lines that nobody published."""


def test_the_readme_has_what_make_up_prints() -> None:
    assert playground.COMMANDS.format(home=".local") in (ROOT / "README.md").read_text()


def test_what_edits_the_pointer_leaves_nothing_else_behind(tmp_path: Path) -> None:
    shutil.copytree(ENVIRONMENTS, tmp_path / "environments" / "environments")
    playground.begin(tmp_path / "environments")
    files = set(tmp_path.rglob("*"))
    edits = [
        line for line in playground.COMMANDS.format(home=tmp_path).splitlines() if "pointer.yaml" in line
    ]
    subprocess.run("\n".join(edits), shell=True, check=True)
    assert set(tmp_path.rglob("*")) == files
    assert "version: 1.0.0" in (tmp_path / "environments/environments/dev/pointer.yaml").read_text()


def test_they_differ_by_their_pace_and_by_having_nothing_deployed(tmp_path: Path) -> None:
    shutil.copytree(ENVIRONMENTS, tmp_path / "environments")
    playground.fit(tmp_path)
    pace = ["syncSeconds: 2", "parseSeconds: 240", "clockMarginSeconds: 0.5"]
    assert changed(tmp_path) == {f"{name}/environment.yaml": pace for name in ALL} | NOTHING


def test_at_mwaa_s_pace_they_keep_their_own(tmp_path: Path) -> None:
    shutil.copytree(ENVIRONMENTS, tmp_path / "environments")
    playground.begin(tmp_path)
    assert changed(tmp_path) == NOTHING


@pytest.mark.parametrize("names", [(), ("dev", "aws")])
def test_only_environments_that_there_are_get_an_airflow(names: tuple[str, ...]) -> None:
    with pytest.raises(LocalError, match="name some of dev, prod, staging"):
        playground.options(print, names)


def changed(tree: Path) -> dict[str, list[str]]:
    """File -> the lines that the checkout does not have."""
    found = {}
    for file in sorted((tree / "environments").rglob("*.yaml")):
        name = str(file.relative_to(tree / "environments"))
        before, now = (ENVIRONMENTS / name).read_text().splitlines(), file.read_text().splitlines()
        assert len(before) == len(now)
        lines = [new.strip() for old, new in zip(before, now, strict=True) if old != new]
        if lines:
            found[name] = lines
    return found
