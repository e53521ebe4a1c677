"""When a paused DAG is owed a run: conditions over assets, references and aliases."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.assets import Asset, asset_ids, has_indirect, run_is_owed
from reconciler.model.errors import Terminal

KNOWN = (
    Asset(1, "one", "x://one"),
    Asset(2, "two", "x://two", frozenset({"pair"})),
    Asset(3, "three", "x://three", frozenset({"pair"})),
)


def asset(number: int) -> dict[str, Any]:
    return {"asset": {"id": number, "name": KNOWN[number - 1].name, "uri": KNOWN[number - 1].uri}}


BOTH = {"all": [asset(1), asset(2)]}
NESTED = {"any": [BOTH, asset(3)]}
BY_NAME = {"all": [{"asset_ref": {"name": "one"}}]}
BY_URI = {"all": [{"asset_ref": {"uri": "x://two"}}]}
BY_ALIAS = {"all": [asset(1), {"alias": {"name": "pair", "group": "asset"}}]}


@pytest.mark.parametrize(
    ("condition", "happened", "owed"),
    [
        (asset(1), {1}, True),
        (asset(1), set(), False),
        (asset(1), {2}, False),
        (BOTH, {1}, False),
        (BOTH, {1, 2}, True),
        ({"any": [asset(1), asset(2)]}, {2}, True),
        (NESTED, {3}, True),
        (NESTED, {1}, False),
        (NESTED, {1, 2}, True),
        ({"all": [NESTED, asset(1)]}, {3}, False),
        ({"all": [NESTED, asset(1)]}, {3, 1}, True),
        (BY_NAME, {1}, True),
        (BY_NAME, {2}, False),
        (BY_URI, {2}, True),
        (BY_URI, {1, 3}, False),
        (BY_ALIAS, {1}, False),
        (BY_ALIAS, {1, 3}, True),
        (BY_ALIAS, {2, 3}, False),
    ],
)
def test_a_run_is_owed_when_the_lost_events_fulfil_the_condition(
    condition: dict[str, Any], happened: set[int], owed: bool
) -> None:
    assert run_is_owed(condition, frozenset(), frozenset(happened), KNOWN) is owed


def test_what_is_queued_counts_with_what_was_lost() -> None:
    assert run_is_owed(BOTH, frozenset({1}), frozenset({2}))
    assert not run_is_owed(BOTH, frozenset({1}), frozenset({1}))


def test_airflow_starts_by_itself_what_its_queue_fulfils() -> None:
    assert not run_is_owed(BOTH, frozenset({1, 2}), frozenset({1, 2}))
    assert not run_is_owed(NESTED, frozenset({3}), frozenset({1, 2}))


def test_an_asset_that_is_not_known_any_more_never_counts() -> None:
    gone = {"any": [{"asset_ref": {"name": "gone"}}, {"alias": {"name": "gone"}}]}
    assert asset_ids(gone, KNOWN) == frozenset()
    assert not run_is_owed(gone, frozenset(), frozenset({1, 2, 3}), KNOWN)


def test_the_ids_of_a_condition_are_those_of_all_its_leaves() -> None:
    assert asset_ids(NESTED) == {1, 2, 3}
    assert asset_ids(BY_URI, KNOWN) == {2}
    assert asset_ids(BY_ALIAS, KNOWN) == {1, 2, 3}


def test_only_references_and_aliases_have_to_be_looked_up() -> None:
    assert [has_indirect(one) for one in (BOTH, NESTED, BY_NAME, BY_URI, BY_ALIAS)] == [
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("strange", [{"some": [asset(1)]}, {}, {"all": [], "any": []}, {"all": [{"x": 1}]}])
def test_a_condition_that_is_not_understood_is_told(strange: dict[str, Any]) -> None:
    with pytest.raises(Terminal, match="asset condition that is not understood"):
        run_is_owed(strange, frozenset(), frozenset({1}))
