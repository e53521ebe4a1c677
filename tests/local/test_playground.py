"""What `make up` gives to play with: dev fitted to this machine, and commands that the README has too."""

from __future__ import annotations

import shutil
from pathlib import Path

from local import playground
from local.options import ENVIRONMENTS, ROOT


def test_the_readme_has_what_make_up_prints() -> None:
    assert playground.COMMANDS.format(home=".local") in (ROOT / "README.md").read_text()


def test_dev_differs_by_its_pace_and_by_having_nothing_deployed(tmp_path: Path) -> None:
    shutil.copytree(ENVIRONMENTS, tmp_path / "environments")
    playground.fit(tmp_path)
    assert changed(tmp_path) == {
        "dev/environment.yaml": ["syncSeconds: 2", "parseSeconds: 30", "clockMarginSeconds: 0.5"],
        "dev/pointer.yaml": ["version: 0.0.0"] * 3,
    }


def test_at_mwaa_s_pace_dev_keeps_its_own(tmp_path: Path) -> None:
    shutil.copytree(ENVIRONMENTS, tmp_path / "environments")
    playground.begin(tmp_path)
    assert changed(tmp_path) == {"dev/pointer.yaml": ["version: 0.0.0"] * 3}


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
