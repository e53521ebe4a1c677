"""What a fault is: where it is planted, and which rule of which pipeline is to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from local.sources.bank import Bank
from local.sources.database import Connection
from local.sources.feeds.feed import Files


@dataclass(frozen=True)
class Fault:
    """A fault's name, and the rule (by pipeline) that it breaks and no other."""

    name: str
    dag_id: str
    rule: str


@dataclass(frozen=True)
class TableFault(Fault):
    """SQL statements in which `%(day)s` is the day to spoil. The last one must change a row.

    The day's rows are those that were booked or updated on it. Constraints that would refuse the fault are
    dropped first, as an owner's careless migration would.
    """

    statements: tuple[str, ...]

    def plant(self, connection: Connection, day: date) -> None:
        """Plant it in one transaction. Raises LookupError where the day has nothing to spoil."""
        with connection.transaction():
            for statement in self.statements:
                done = connection.execute(statement.encode(), {"day": day})
            if done.rowcount == 0:
                raise LookupError(f"{self.name}: nothing of {day} can be spoilt")


@dataclass(frozen=True)
class FileFault(Fault):
    """A function that makes the files of a feed's day anew, with the fault in them."""

    feed: str
    spoil: Callable[[Bank, date, Files], Files]

    def plant(self, files: Files, bank: Bank, day: date) -> Files:
        """All files with the day's spoilt ones in place of the others. Raises LookupError: there are none."""
        there = {key: content for key, content in files.items() if key.startswith(f"{self.feed}/dt={day}/")}
        if not there:
            raise LookupError(f"{self.name}: {self.feed} has no files of {day}")
        kept = {key: content for key, content in files.items() if key not in there}
        return kept | self.spoil(bank, day, there)
