"""What staging hands to the tasks after it, through XCom: names, moments and counts, never rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lib.warehouse.batch import Batch
from lib.warehouse.staging import Staged
from lib.warehouse.tables import Table


@dataclass(frozen=True)
class LandedFile:
    """A file that was read: its key, the digest of its content, its rows."""

    key: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Handover:
    """What one try has staged. `rules`: how many held while it was read."""

    batch: Batch
    staged: tuple[Staged, ...]
    rules: int = 0
    feed: str = ""
    files: tuple[LandedFile, ...] = ()

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.staged)

    def written(self) -> dict[str, Any]:
        """As `read` takes it; JSON."""
        return {
            "start": self.batch.start.isoformat(),
            "end": self.batch.end.isoformat(),
            "staged": {
                one.table.full_name: {"at": one.at.isoformat(), "rows": one.rows} for one in self.staged
            },
            "rules": self.rules,
            "feed": self.feed,
            "files": [asdict(one) for one in self.files],
        }

    @classmethod
    def read(cls, dag_id: str, tables: Iterable[Table], values: Mapping[str, Any]) -> Handover:
        """Of a DAG that loads these tables. Raises KeyError for a table that the DAG no longer has."""
        known = {table.full_name: table for table in tables}
        batch = Batch(dag_id, *(datetime.fromisoformat(values[name]) for name in ("start", "end")))
        staged = tuple(
            Staged(known[name], batch, datetime.fromisoformat(one["at"]), one["rows"])
            for name, one in values["staged"].items()
        )
        files = tuple(LandedFile(**one) for one in values["files"])
        return cls(batch, staged, values["rules"], values["feed"], files)
