"""ACH payments that other banks sent back: a CSV on each banking day, two banking days after the payment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from local.sources.bank import Bank
from local.sources.feeds.feed import Feed, Files, folder, to_csv
from local.sources.payments import Instruction, instructions
from local.sources.times import Interval, is_banking_day

NAME = "ach_returns"
CODES = ("R01", "R02", "R03", "R04", "R07", "R08", "R09", "R10", "R16", "R20", "R29")
"""Of NACHA's list: insufficient funds, closed, no account, invalid number, authorisation revoked, stopped,
uncollected, not authorised, frozen, non-transaction account, corporate not authorised."""
COLUMNS = ("trace_number", "return_code", "amount", "currency", "original_date", "return_date")


def files(bank: Bank, day: date) -> Files:
    rows = [
        (order.trace_number, CODES[bank.number(len(CODES), "return", order.instruction_id)], order.amount,
         order.currency, order.requested_at.date(), day)
        for order in returned(bank, day)
    ]  # fmt: skip
    return {f"{folder(NAME, day)}returns.csv": to_csv(COLUMNS, rows)}


def returned(bank: Bank, day: date) -> Iterator[Instruction]:
    """One in twenty of the payments that can come back that day, and the first one."""
    number = 0
    for paid in paid_on(day):
        for hour in Interval.of_day(paid).hours():
            for order in instructions(bank, hour):
                if order.scheme == "ach":
                    if number % 20 == 0:
                        yield order
                    number += 1


def paid_on(day: date) -> list[date]:
    """The days whose payments come back on a banking day: a weekend counts as the Friday before."""
    days = [day - timedelta(days=back) for back in range(1, 8)]
    friday_or_other = [d for d in days if is_banking_day(d)][1]
    return [d for d in reversed(days) if _counts_as(d) == friday_or_other]


def _counts_as(day: date) -> date:
    return day - timedelta(days=max(0, day.isoweekday() - 5))


FEED = Feed(NAME, files, is_banking_day)
