"""Movements of accounts: purchases, payments, sales of merchants, deposits, fees.

Each hour's keys are divided: purchases have the numbers of their authorisations, then come two for each
instruction, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from local.sources import people
from local.sources.bank import ROOM, Bank, key
from local.sources.cards import TRADES, authorizations, owner
from local.sources.draw import Draw, money
from local.sources.payments import instructions, legs
from local.sources.times import slot

# Cents. A tariff and not a draw: a small bank's income must not swing by chance.
_TARIFF = (150, 250, 350, 250)
PENDING_HOURS = 47
_LATE, _LATE_MINUTES = 0.03, 48 * 60


class Transaction(NamedTuple):
    transaction_id: int
    account_id: int
    customer_id: int
    merchant_id: int | None
    authorization_id: int | None
    instruction_id: int | None
    kind: str
    category: str | None
    direction: str
    amount: Decimal
    currency: str
    status: str
    occurred_at: datetime
    booked_on: date
    updated_at: datetime


def transactions(bank: Bank, hour: datetime) -> Iterator[Transaction]:
    """Those that reach the bank in an hour."""
    yield from _purchases(bank, hour)
    yield from _payments(bank, hour)
    first = bank.count(bank.size.authorizations, hour) + 2 * bank.count(bank.size.instructions, hour)
    for number, row in enumerate(_others(bank, hour), first):
        yield row._replace(transaction_id=key(hour, number), status=first_status(number))


def first_status(number: int) -> str:
    """Of the hour's row `number`, as it arrives: each tenth is pending, 1 to `PENDING_HOURS`."""
    return "pending" if number % 10 == 3 else "posted"


def sales(bank: Bank, hour: datetime) -> Iterator[Transaction]:
    """What merchants sold through the payment processor; their keys are not given here."""
    draw = bank.draw("sales", hour)
    for number in range(bank.count(bank.size.sales, hour)):
        # In turn: each merchant has its payout each day, whatever the size.
        merchant = 1 + (slot(hour) + number) % bank.size.merchants
        account = owner(bank, merchant)
        yield _row(hour, draw, account, "merchant_sale", draw.amount(10, 400))._replace(
            merchant_id=merchant, category=_written(draw, merchant)
        )


def _purchases(bank: Bank, hour: datetime) -> Iterator[Transaction]:
    draw = bank.draw("purchases", hour)
    for bought in authorizations(bank, hour):
        if bought.status == "declined":
            continue
        yield Transaction(
            bought.authorization_id,
            bought.card_id,
            bought.card_id,
            bought.merchant_id,
            bought.authorization_id,
            None,
            "card_purchase",
            _written(draw, bought.merchant_id),
            "debit",
            bought.amount,
            bought.currency,
            first_status(bought.authorization_id % ROOM),
            bought.authorized_at,
            hour.date(),
            bought.updated_at,
        )


def _payments(bank: Bank, hour: datetime) -> Iterator[Transaction]:
    for order in instructions(bank, hour):
        debit, credit = legs(bank, hour, order)
        row = Transaction(
            debit,
            order.debtor_account_id,
            order.debtor_account_id,
            None,
            None,
            order.instruction_id,
            "transfer_out" if order.scheme == "internal" else f"{order.scheme}_payment",
            "transfers",
            "debit",
            order.amount,
            order.currency,
            first_status(debit % ROOM),
            order.requested_at,
            hour.date(),
            order.updated_at,
        )
        yield row
        if order.creditor_account_id:
            yield row._replace(
                transaction_id=credit,
                account_id=order.creditor_account_id,
                kind="transfer_in",
                direction="credit",
                status=first_status(credit % ROOM),
            )


def _others(bank: Bank, hour: datetime) -> Iterator[Transaction]:
    yield from sales(bank, hour)
    draw = bank.draw("others", hour)
    for _ in range(bank.count(bank.size.deposits, hour)):
        account = 1 + draw.below(bank.size.individuals)
        yield _row(hour, draw, account, "deposit", draw.amount(800, 1600))._replace(category="salary")
    for number in range(bank.count(bank.size.fees, hour)):
        account = 1 + draw.below(bank.customers)
        fee = money(_TARIFF[(slot(hour) + number) % len(_TARIFF)])
        yield _row(hour, draw, account, "fee", fee)._replace(direction="debit")


def _row(hour: datetime, draw: Draw, account: int, kind: str, amount: Decimal) -> Transaction:
    """A credit without a key; a few happened long before they arrived."""
    at = draw.within(hour)
    late = timedelta(minutes=draw.below(_LATE_MINUTES)) if draw.chance(_LATE) else timedelta()
    currency = people.currency(account)
    return Transaction(
        0, account, account, None, None, None, kind, None, "credit", amount, currency, "posted",
        at - late, hour.date(), at,
    )  # fmt: skip


def _written(draw: Draw, merchant: int) -> str:
    """The category as terminals write it."""
    category = TRADES[merchant % len(TRADES)][1]
    return draw.of((category, category.lower(), category.upper(), f" {category} "))
