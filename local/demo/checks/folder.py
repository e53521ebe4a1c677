"""What lies in Airflow's DAG folder in S3."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.demo.checks.check import Judgement, listing
from local.demo.outside import Dag, Outside, Stored


@dataclass(frozen=True)
class Unchanged:
    """DAG pointers as they were, and those that may have changed since."""

    before: Mapping[str, Stored]
    but: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Loads:
    """A DAG's pointer has to load this release."""

    dag_id: str
    release: str


@dataclass(frozen=True)
class Written:
    """The releases that the bodies of a DAG's pointer named, one after the other, after the first `after`."""

    dag_id: str
    after: int
    releases: tuple[str, ...]


@dataclass(frozen=True)
class NotBefore:
    """An environment, and the moment (UTC, ISO 8601) before which nothing of it may have been written."""

    environment: str
    moment: str


@dataclass(frozen=True)
class Live:
    """All that is live at one moment."""

    folder: Mapping[str, Stored]
    dags: Mapping[str, Dag]
    sealed: Mapping[str, str]


ARCHIVES = "_releases/"


def pointer(dag_id: str) -> str:
    """The key of a DAG's pointer."""
    return f"{dag_id}.py"


def is_pointer(key: str) -> bool:
    """Whether a key is that of a DAG's pointer."""
    return key.endswith(".py") and "/" not in key and not key.startswith("_")


def release_named(body: bytes) -> str:
    """The release that a pointer loads: the newest entry of its history. Empty if it does not read so."""
    try:
        tree = ast.parse(body)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        found = {word.arg: word.value for call in calls for word in call.keywords}
        return str(ast.literal_eval(found["history"])[0][0])
    except (SyntaxError, KeyError, ValueError, IndexError, TypeError):
        return ""


def look(outside: Outside) -> Live:
    """All that is live now."""
    return Live(outside.folder(), outside.dags(), outside.sealed())


def untouched(outside: Outside, expected: Unchanged) -> Judgement:
    """The other pointers are the same bytes, not written anew, and none is missing or new. Counts them."""
    before, now = _others(expected.before, expected.but), _others(outside.folder(), expected.but)
    same = [key for key in before if now.get(key) == before[key]]
    wrong = (before.keys() | now.keys()) - set(same)
    return Judgement(bool(same) and not wrong, len(same), f"written, missing or new: {listing(wrong)}")


def restored(outside: Outside, expected: Mapping[str, bytes]) -> Judgement:
    """These keys hold these bytes."""
    folder = outside.folder()
    wrong = [key for key, body in expected.items() if key not in folder or folder[key].body != body]
    return Judgement(not wrong, len(expected) - len(wrong), f"not as deployed: {listing(wrong)}")


def loads(outside: Outside, expected: Loads) -> Judgement:
    """The DAG's pointer names the release."""
    stored = outside.folder().get(pointer(expected.dag_id))
    found = release_named(stored.body) if stored else ""
    return Judgement(
        found == expected.release, int(found == expected.release), f"it loads {found or 'nothing'}"
    )


def written(outside: Outside, expected: Written) -> Judgement:
    """The pointer was written for these releases, in this order, and not once more. Counts the writes."""
    found = tuple(_releases(outside.versions(pointer(expected.dag_id))[expected.after :]))
    return Judgement(found == expected.releases, len(found), f"written: {' then '.join(found) or 'never'}")


def each_written(outside: Outside, expected: tuple[Written, ...]) -> Judgement:
    """As `written`, for several DAGs. Counts the writes of all."""
    judgements = [written(outside, one) for one in expected]
    wrong = [
        f"{one.dag_id} ({judgement.why})"
        for one, judgement in zip(expected, judgements, strict=True)
        if not judgement.held
    ]
    count = sum(judgement.measured for judgement in judgements)
    return Judgement(bool(expected) and not wrong, count, f"not once: {listing(wrong)}")


def written_since(outside: Outside, expected: NotBefore) -> Judgement:
    """Every DAG pointer of the environment was written at that moment or later. Counts them."""
    pointers = {key: one for key, one in outside.folder(expected.environment).items() if is_pointer(key)}
    early = [f"{key} at {one.modified}" for key, one in pointers.items() if one.modified < expected.moment]
    return Judgement(
        bool(pointers) and not early, len(pointers) - len(early), f"written before: {listing(early)}"
    )


def same_bytes(outside: Outside, environments: tuple[str, ...]) -> Judgement:
    """One release archive lies, byte for byte, in the DAG folders of all of these. Counts the folders."""
    found = [_archives(outside.folder(environment)) for environment in environments]
    common = set.intersection(*found) if found else set()
    held = bool(common)
    return Judgement(held, len(found) if held else 0, "no archive is the same in all of them")


def _archives(folder: Mapping[str, Stored]) -> set[tuple[str, bytes]]:
    return {(key, one.body) for key, one in folder.items() if key.startswith(ARCHIVES)}


def nothing_changed(outside: Outside, before: Live) -> Judgement:
    """Same objects, same DAGs in Airflow, same sealed releases. Counts what differs."""
    now = look(outside)
    wrong = [
        *_differing(before.folder, now.folder),
        *_differing(before.dags, now.dags),
        *_differing(before.sealed, now.sealed),
    ]
    return Judgement(not wrong, len(wrong), f"changed: {listing(wrong)}")


def _others(folder: Mapping[str, Stored], but: frozenset[str]) -> dict[str, Stored]:
    return {key: stored for key, stored in folder.items() if is_pointer(key) and key not in but}


def _releases(bodies: Sequence[bytes]) -> list[str]:
    return [release_named(body) for body in bodies]


def _differing(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [key for key in before.keys() | now.keys() if before.get(key) != now.get(key)]
