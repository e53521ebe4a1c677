"""The docs name only files, make targets and commands that exist, and every reason there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.model import reason
from reconciler.model.reason import Described, Suppressed

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
OURS = re.compile(
    r"`((?:reconciler|handlers|local|tests|environments|dags|dbt|docs|schemas|benchmarks)/[\w./-]+|template\.yaml|Makefile|Dockerfile)`"
)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
NOT_PATHS = {"reconciler/v1", "dbt/migrations/", "dbt/target", "dbt/logs"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_and_links_exist(page: Path) -> None:
    text = page.read_text()
    named = {ROOT / path for path in OURS.findall(text) if path not in NOT_PATHS}
    linked = {page.parent / path for path in LINK.findall(text)}
    assert [str(path) for path in sorted(named | linked) if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.M))
    assert used <= targets


def test_commands_exist() -> None:
    from typer.main import get_command

    from reconciler.cli.main import app

    commands = set(getattr(get_command(app), "commands"))  # noqa: B009
    for page in PAGES:
        code = re.findall(r"(?:^|`|&& )reconciler ([a-z]+)", page.read_text(), re.M)
        assert set(code) <= commands, page


def reasons_page() -> str:
    """The text of ``docs/reasons.md``."""
    lines = [
        "# Statuses, conditions and reasons",
        "",
        "Each word that appears in status, events and logs.",
        "",
    ]
    for kind in vars(reason).values():
        if isinstance(kind, type) and issubclass(kind, Described) and kind is not Described:
            lines += [f"## {kind.__name__}", "", "| Word | Meaning |", "|---|---|"]
            lines += [f"| `{word}` | {word.sentence} |" for word in kind]
            lines += [""]
    return "\n".join(lines)


def test_every_reason_is_documented() -> None:
    assert (ROOT / "docs/reasons.md").read_text() == reasons_page(), (
        "write it anew: python -c 'from tests.test_docs import *; "
        '(ROOT / "docs/reasons.md").write_text(reasons_page())\''
    )


def test_the_runbook_says_of_every_guard_of_a_revert_what_to_do() -> None:
    section = (
        (ROOT / "docs/runbook.md").read_text().partition("## Rollback suppressed")[2].partition("\n## ")[0]
    )
    rows = (re.split(r" *\| *", line.strip("| ")) for line in section.splitlines() if line.startswith("| `"))
    told = {guard.strip("`"): (meaning, remedy) for guard, meaning, remedy in rows}
    assert list(told) == [guard.value for guard in Suppressed], "in the order in which they are asked"
    assert all(min(map(len, words)) > 10 for words in told.values())
