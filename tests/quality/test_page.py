"""The page on quality tells the rules as they are."""

from __future__ import annotations

from tests.quality import rules_page


def test_the_table_of_rules_is_what_the_suites_say() -> None:
    _, there, _ = rules_page.parts()
    assert there == rules_page.table(), "python -m tests.quality.rules_page writes it anew"
