"""Whether asset events that a paused DAG did not get would have started a run of it.

Called by the Airflow adapter, with what it read. Rules as in Airflow 3.0.6: `AssetEvaluator`, and
`AssetManager.register_asset_change`, which queues an event only for consumers that are not paused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import Terminal

OWED_RUN = "reconciler__"
"""How the ids of runs begin that we create because a paused DAG did not get its events."""

Condition = Mapping[str, Any]
"""A DAG's ``asset_expression``: ``{"all": [...]}``, ``{"any": [...]}``, ``{"asset": {"id", "name", "uri"}}``,
``{"asset_ref": {"name"}}`` or ``{"uri"}``, ``{"alias": {"name"}}``."""


@dataclass(frozen=True)
class Asset:
    """An asset that Airflow knows, with the names of the aliases through which it was ever updated."""

    id: int
    name: str
    uri: str
    aliases: frozenset[str] = frozenset()


def has_indirect(condition: Condition) -> bool:
    """Does it name assets by reference or alias, so that Airflow's list of assets is needed?"""
    return any(kind != "asset" for kind, _ in _leaves(condition))


def asset_ids(condition: Condition, known: Iterable[Asset] = ()) -> frozenset[int]:
    """The ids of all assets that the condition is about."""
    known = tuple(known)
    return frozenset().union(*(_meant(kind, leaf, known) for kind, leaf in _leaves(condition)))


def run_is_owed(
    condition: Condition, queued: frozenset[int], happened: frozenset[int], known: Iterable[Asset] = ()
) -> bool:
    """Is a run missing that only the lost events can explain?

    ``queued``: assets whose event waits for the DAG in Airflow's own queue. ``happened``: those that had an
    event that no run has used. What the queue fulfils alone Airflow starts by itself.
    """
    known = tuple(known)
    return _holds(condition, queued | happened, known) and not _holds(condition, queued, known)


def _holds(condition: Condition, updated: frozenset[int], known: tuple[Asset, ...]) -> bool:
    kind, inner = _node(condition)
    match kind:
        case "all":
            return all(_holds(part, updated, known) for part in inner)
        case "any":
            return any(_holds(part, updated, known) for part in inner)
        case _:
            return not updated.isdisjoint(_meant(kind, inner, known))


def _leaves(condition: Condition) -> Iterator[tuple[str, Mapping[str, Any]]]:
    kind, inner = _node(condition)
    if kind in ("all", "any"):
        for part in inner:
            yield from _leaves(part)
    else:
        yield kind, inner


def _meant(kind: str, leaf: Mapping[str, Any], known: tuple[Asset, ...]) -> frozenset[int]:
    if kind == "asset":
        return frozenset((int(leaf["id"]),))
    if kind == "alias":
        return frozenset(asset.id for asset in known if leaf["name"] in asset.aliases)
    return frozenset(
        asset.id
        for asset in known
        if leaf.get("name") == asset.name or (leaf.get("uri") is not None and leaf["uri"] == asset.uri)
    )


def _node(condition: Condition) -> tuple[str, Any]:
    match list(condition.items()):
        case [("all" | "any" | "asset" | "asset_ref" | "alias" as kind, inner)]:
            return kind, inner
    raise Terminal(
        f"Airflow tells an asset condition that is not understood: {sorted(condition)}; "
        "expected one of all, any, asset, asset_ref, alias.",
        "Check `airflow.version` in environment.yaml; 3.0.6 is tested.",
    )
