"""The tables that the churn model reads, and the one that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lib.ml.features import COLUMNS, ID
from lib.warehouse.batch import stored
from lib.warehouse.names import quoted
from lib.warehouse.tables import ReplaceInterval, Table

FEATURES = quoted("ML", "ML_CUSTOMER_FEATURES")
TRANSACTIONS = quoted("RAW_CORE", "TRANSACTIONS")
CHURN_PREDICTIONS = Table(
    "ML",
    "CHURN_PREDICTIONS",
    {
        "CUSTOMER_ID": "NUMBER(38, 0)",
        "AS_OF": "DATE",
        "PROBABILITY": "FLOAT",
        "MODEL_VERSION": "VARCHAR",
    },
    key=("CUSTOMER_ID", "AS_OF"),
    how=ReplaceInterval("AS_OF"),
)
"""A score per customer and day; a day that is run again replaces its scores."""


def customers(connection) -> list[dict[str, object]]:
    """The features of all customers, in the order of their ids."""
    names = ", ".join(quoted(name) for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM {FEATURES} ORDER BY {quoted(ID)}")
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def count_features(connection) -> int:
    """How many customers have features."""
    return _count(connection, f"SELECT COUNT(*) FROM {FEATURES}", ())


def count_new(connection, since: datetime | None, until: datetime) -> int:
    """Transactions that were new or changed from `since` (None: from the beginning) up to `until`."""
    condition, values = '"UPDATED_AT" < ?', [stored(until)]
    if since is not None:
        condition, values = f'{condition} AND "UPDATED_AT" >= ?', [*values, stored(since)]
    return _count(connection, f"SELECT COUNT(*) FROM {TRANSACTIONS} WHERE {condition}", tuple(values))


def prediction_rows(scores: Iterator[tuple[object, float]], as_of: object, version: str) -> Iterator[tuple]:
    """Rows of CHURN_PREDICTIONS from (customer's id, probability)."""
    return ((customer, as_of, round(probability, 6), version) for customer, probability in scores)


def _count(connection, query: str, values: tuple[object, ...]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])
