"""Loans, and what is paid back: each on one day of the month, at six in the morning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from local.sources import people
from local.sources.bank import Bank, key
from local.sources.draw import money
from local.sources.times import FIRST_HOUR

_DUE_HOUR, _LENDING_HOUR, _DUE_DAYS = 6, 11, 28


class Loan(NamedTuple):
    loan_id: int
    customer_id: int
    account_id: int
    principal: Decimal
    currency: str
    annual_rate: Decimal
    term_months: int
    status: str
    originated_on: date
    updated_at: datetime


class Repayment(NamedTuple):
    repayment_id: int
    loan_id: int
    due_on: date
    principal_part: Decimal
    interest_part: Decimal
    paid_at: datetime
    updated_at: datetime


def first_loans(bank: Bank) -> Iterator[Loan]:
    since = FIRST_HOUR - timedelta(days=90)
    return (_loan(bank, number, since) for number in range(1, bank.size.loans + 1))


def new_loans(bank: Bank, hour: datetime) -> Iterator[Loan]:
    """One each day before noon; its repayments begin beyond what is told here."""
    if hour.hour == _LENDING_HOUR:
        yield _loan(bank, key(hour, 0), hour)


def repayments(bank: Bank, hour: datetime) -> Iterator[Repayment]:
    """Of the loans that are due that day; nothing is due after the 28th."""
    if hour.hour != _DUE_HOUR or hour.day > _DUE_DAYS:
        return
    draw = bank.draw("repayments", hour)
    for number, loan in enumerate(range(hour.day, bank.size.loans + 1, _DUE_DAYS)):
        parts, at = _loan(bank, loan, hour), draw.within(hour)
        interest = round(parts.principal * parts.annual_rate / 12, 2)
        principal = round(parts.principal / parts.term_months, 2)
        yield Repayment(key(hour, number), loan, hour.date(), principal, interest, at, at)


def _loan(bank: Bank, number: int, since: datetime) -> Loan:
    customer = 1 + bank.number(bank.size.individuals, "borrower", number)
    return Loan(
        number,
        customer,
        customer,
        money(100_000 * (5 + bank.number(295, "principal", number))),
        people.currency(customer),
        Decimal(200 + bank.number(900, "rate", number)).scaleb(-4),
        12 * (1 + number % 10),
        "active",
        since.date(),
        since,
    )
