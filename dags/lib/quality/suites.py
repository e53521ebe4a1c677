"""Reads suites: JSON files in Git, in Great Expectations' own form, each rule with its reason and its owner.

A suite's expectations may be about several tables, by logical name ("raw_core.loans"). In texts of an
expectation, {{ start }}, {{ end }} (moments), {{ first_day }}, {{ last_day }} (dates), {{ batch }} (the table
that is looked at) and {{ raw_core.loans }} (another of the suite's tables) stand for what they are in a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lib.warehouse.batch import Batch, stored

ENDING = ".json"
FOLDER = Path(__file__).resolve().parents[2] / "quality"
_PLACE = re.compile(r"\{\{ *([a-z0-9_.]+) *\}\}")
SOURCE = "source"
OPEN = "TODO"
"""How what a person has yet to say begins in a proposed suite."""
_TABLE = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"


class SuiteInvalid(Exception):
    """A suite cannot be used; the message names the file and what is wrong in it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sample(_Strict):
    """Look at `percent` of the rows, chosen by a column of whole numbers, but at `at_least` so many."""

    column: str
    percent: float = Field(gt=0, lt=100)
    at_least: int = Field(gt=0)


class Looked(_Strict):
    """How to look at a table. `key` tells its rows apart; of `measure` the mean is told as a metric."""

    key: tuple[str, ...] = ()
    measure: str | None = None
    where: str | None = None
    sample: Sample | None = None


class Histogram(_Strict):
    """How values were distributed earlier: `query` gives one row with a count for each range between bins."""

    bins: tuple[float, ...]
    query: str


class SuiteMeta(_Strict):
    """What the suite is about, and its tables by logical name."""

    about: str = Field(min_length=10)
    tables: dict[str, Looked]
    histograms: dict[str, Histogram] = {}


class Rule(_Strict):
    """What an expectation is for: the rule's name, how bad it is, whom to ask, why it is as it is."""

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    severity: Literal["warn", "error"]
    owner: str = Field(min_length=3)
    reason: str = Field(min_length=20)
    table: str = Field(pattern=_TABLE)

    @field_validator("owner", "reason")
    @classmethod
    def _given(cls, text: str) -> str:
        if text.startswith(OPEN):
            raise ValueError("nobody has said it yet")
        return text


class Expectation(_Strict):
    """One expectation, as Great Expectations writes it."""

    type: str = Field(pattern=r"^expect_[a-z0-9_]+$")
    kwargs: dict[str, Any]
    meta: Rule


class Suite(_Strict):
    """A suite, as Great Expectations writes it."""

    name: str
    meta: SuiteMeta
    expectations: tuple[Expectation, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tables_are_told(self) -> Self:
        used = {one.meta.table for one in self.expectations}
        if used != self.meta.tables.keys():
            raise ValueError(f"tables with and without expectations differ: {used ^ self.meta.tables.keys()}")
        return self


def names() -> list[str]:
    """All suites that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read(name: str) -> Suite:
    """The suite in `dags/quality/<name>.json`, named with or without its ending. Raises SuiteInvalid.

    A DAG names it with the ending: so the release knows that it concerns this DAG, and no other.
    """
    name = name.removesuffix(ENDING)
    path = FOLDER / f"{name}{ENDING}"
    try:
        suite = Suite.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SuiteInvalid(f"{path.name}: {error}") from error
    if suite.name != name:
        raise SuiteInvalid(f"{path.name}: its name is {suite.name!r}")
    return suite


def full_names(suite: Suite, given: Mapping[str, str]) -> dict[str, str]:
    """Each table's name in the database: what was given, else its own. Raises ValueError for another's."""
    if unknown := given.keys() - suite.meta.tables.keys():
        raise ValueError(f"{suite.name} does not look at {', '.join(sorted(unknown))}")
    return {name: given.get(name) or name.upper() for name in suite.meta.tables}


def looks_at_source(suite: Suite) -> bool:
    """Whether it compares a table with the database that it came from."""
    return any(one.kwargs.get("comparison_data_source_name") == SOURCE for one in suite.expectations)


def words(batch: Batch) -> dict[str, str]:
    """What a run's interval puts in the place of the names in a suite's texts."""
    start, end = stored(batch.start), stored(batch.end)
    return {
        "start": f"TIMESTAMP '{start}'",
        "end": f"TIMESTAMP '{end}'",
        "first_day": f"DATE '{start.date()}'",
        "last_day": f"DATE '{(end - timedelta(microseconds=1)).date()}'",
    }


def filled(value: Any, with_words: Mapping[str, str]) -> Any:
    """A suite's value with all names in its texts replaced. Raises ValueError for a name nobody knows."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: _word(found[1], with_words), value)
    if isinstance(value, Mapping):
        return {key: filled(part, with_words) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [filled(part, with_words) for part in value]
    return value


def places(value: Any) -> Iterator[str]:
    """The names that are used in a suite's texts."""
    if isinstance(value, str):
        yield from _PLACE.findall(value)
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from places(part)


def _word(name: str, with_words: Mapping[str, str]) -> str:
    if name not in with_words:
        raise ValueError(f"{{{{ {name} }}}} stands for nothing; there are {', '.join(sorted(with_words))}")
    return with_words[name]
