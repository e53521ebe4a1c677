"""Which days a month has for the ledger: the bank's own word, which knows of days never loaded here."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from lib.intervals import Interval


def opened(source, month: Interval) -> list[Interval]:
    """The days of the month that the ledger opened; all of the month where it opened none.

    `source` is a connection to the database with the schema `ledger`.
    """
    with source.cursor() as cursor:
        cursor.execute(
            "SELECT business_date FROM ledger.period_close "
            "WHERE business_date >= %s AND business_date < %s ORDER BY 1",
            (month.start.date(), month.end.date()),
        )
        days = [datetime.combine(day, time(), UTC) for (day,) in cursor.fetchall()]
    return [Interval(day, day + timedelta(days=1)) for day in days] or [month]
