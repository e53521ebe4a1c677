"""What a flip looks like from outside, counted: polls in which a DAG is missing or mixed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.airflow_view import MISSING, MIXED, Seen

Poll = tuple[float, Mapping[str, Seen]]
"""When Airflow was asked (Unix), and what it said."""


@dataclass(frozen=True)
class Tally:
    """Polls of one flip: `*_polls` in which at least one DAG was so, `*_seconds` from the first to the last.

    `spread` in seconds: from the first DAG that was seen on the new version to the last.
    """

    polls: int
    hertz: float
    missing_polls: int
    mixed_polls: int
    missing_dags: int
    mixed_dags: int
    missing_seconds: float
    mixed_seconds: float
    spread: float


def tally(polls: Sequence[Poll], ids: Sequence[str], new: str, releases: Mapping[str, str]) -> Tally:
    """Count them. `ids` are the DAGs that there have to be, in every poll."""
    states = [(at, [_state(seen, dag_id, releases) for dag_id in ids]) for at, seen in polls]
    missing = [(at, found.count(MISSING)) for at, found in states if MISSING in found]
    mixed = [(at, found.count(MIXED)) for at, found in states if MIXED in found]
    began = [at for at, found in states if new in found]
    ended = [at for at, found in states if found == [new] * len(found)]
    elapsed = polls[-1][0] - polls[0][0]
    return Tally(
        polls=len(polls),
        hertz=(len(polls) - 1) / elapsed if elapsed else 0.0,
        missing_polls=len(missing),
        mixed_polls=len(mixed),
        missing_dags=max((count for _, count in missing), default=0),
        mixed_dags=max((count for _, count in mixed), default=0),
        missing_seconds=missing[-1][0] - missing[0][0] if missing else 0.0,
        mixed_seconds=mixed[-1][0] - mixed[0][0] if mixed else 0.0,
        spread=ended[0] - began[0] if began and ended else 0.0,
    )


def _state(seen: Mapping[str, Seen], dag_id: str, releases: Mapping[str, str]) -> str:
    return seen[dag_id].state(releases) if dag_id in seen else MISSING
