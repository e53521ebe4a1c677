"""What has to hold of staged rows before anybody sees them."""

from __future__ import annotations

from collections.abc import Iterator

from lib.warehouse.batch import stored
from lib.warehouse.names import quoted
from lib.warehouse.staging import Staged, own_rows
from lib.warehouse.tables import Merge, ReplaceInterval


class Rejected(Exception):
    """Staged rows are not what they should be; the message says which and how many. Nothing was changed."""


def validate(connection, staged: Staged, expected: int | None = None) -> int:
    """Count and check; returns how many rows there are. Raises Rejected, with all that is wrong.

    `expected`: how many rows the source says there are.
    """
    questions = list(_questions(staged))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"({query})" for _, query, _ in questions),
            tuple(value for _, _, values in questions for value in values),
        )
        total, *bad = cursor.fetchone()
    problems = [f"{count} {what}" for (what, _, _), count in zip(questions[1:], bad, strict=True) if count]
    if total != staged.rows:
        problems.append(f"{total} rows arrived of {staged.rows} that were sent")
    if expected is not None and total != expected:
        problems.append(f"{total} rows were staged, the source has {expected}")
    if problems:
        raise Rejected(f"{staged.table.full_name}, {staged.batch.id}: {'; '.join(problems)}")
    return int(total)


def _questions(staged: Staged) -> Iterator[tuple[str, str, tuple[object, ...]]]:
    """(what is counted, query, values to bind in it); first the rows, then what should not be there."""
    table, how = staged.table, staged.table.how
    condition, ours = own_rows(staged)
    rows = f"FROM {staged.name} WHERE {condition}"
    key = ", ".join(map(quoted, table.key))
    missing = " OR ".join(f"{quoted(name)} IS NULL" for name in table.key)
    yield "rows", f"SELECT COUNT(*) {rows}", ours
    yield "rows without a key", f"SELECT COUNT(*) {rows} AND ({missing})", ours
    repeated = f"SELECT {key} {rows} GROUP BY {key} HAVING COUNT(*) > 1"
    yield "keys more than once", f"SELECT COUNT(*) FROM ({repeated})", ours
    if isinstance(how, ReplaceInterval):
        column = quoted(how.column)
        outside = f"{column} IS NULL OR {column} < ? OR {column} >= ?"
        values = (*ours, *interval(staged))
        yield "rows outside of the data interval", f"SELECT COUNT(*) {rows} AND ({outside})", values
    elif isinstance(how, Merge) and how.version is not None:
        yield "rows without a version", f"SELECT COUNT(*) {rows} AND {quoted(how.version)} IS NULL", ours


def interval(staged: Staged) -> tuple[object, object]:
    """The data interval's ends as values to compare a table's interval column with."""
    return stored(staged.batch.start), stored(staged.batch.end)
