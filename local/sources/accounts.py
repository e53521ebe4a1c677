"""Accounts and who holds them: one with the number of each customer, and savings for every second person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from local.sources import people
from local.sources.bank import Bank
from local.sources.customers import is_business, joined, newcomers


class Account(NamedTuple):
    account_id: int
    account_number_masked: str
    product: str
    currency: str
    status: str
    opened_on: date
    closed_on: date | None
    updated_at: datetime


class Holder(NamedTuple):
    account_id: int
    customer_id: int
    role: str
    held_since: date
    updated_at: datetime


def first_accounts(bank: Bank) -> Iterator[Account]:
    for customer in range(1, bank.customers + 1):
        product = "merchant" if is_business(bank, customer) else "checking"
        yield _account(customer, customer, product, joined(bank, customer))
    for account in savings(bank):
        yield _account(account, saver(bank, account), "savings", joined(bank, saver(bank, account)))


def first_holders(bank: Bank) -> Iterator[Holder]:
    for customer in range(1, bank.customers + 1):
        yield _holder(customer, customer, "primary", joined(bank, customer))
    for account in savings(bank):
        owner = saver(bank, account)
        yield _holder(account, owner, "primary", joined(bank, owner))
        if account % 5 == 0 and owner > 1:
            yield _holder(account, owner - 1, "joint", joined(bank, owner))


def new_accounts(bank: Bank, hour: datetime) -> Iterator[Account]:
    return (_account(number, number, "checking", hour) for number in newcomers(bank, hour))


def new_holders(bank: Bank, hour: datetime) -> Iterator[Holder]:
    return (_holder(number, number, "primary", hour) for number in newcomers(bank, hour))


def savings(bank: Bank) -> range:
    """The numbers of the savings accounts."""
    return range(bank.customers + 1, bank.customers + 1 + bank.size.individuals // 2)


def saver(bank: Bank, account: int) -> int:
    """Whose savings account it is: every second individual has one."""
    return 2 * (account - bank.customers)


def _account(number: int, customer: int, product: str, since: datetime) -> Account:
    masked = f"******{number % 10_000:04d}"
    return Account(number, masked, product, people.currency(customer), "active", since.date(), None, since)


def _holder(account: int, customer: int, role: str, since: datetime) -> Holder:
    return Holder(account, customer, role, since.date(), since)
