"""Merchants, cards (one for each individual, with the same number) and what was bought with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from local.sources import people
from local.sources.bank import Bank, key
from local.sources.customers import joined, newcomers
from local.sources.times import FIRST_HOUR

NETWORKS = {"visa": "411111", "mastercard": "545454"}
"""Each network's first digits on our cards."""
TRADES = (("5411", "Groceries"), ("5812", "Restaurants"), ("5541", "Fuel"), ("5912", "Pharmacy"),
          ("4511", "Travel"), ("5732", "Electronics"))  # fmt: skip
"""Merchant category codes, and what a category is called."""
_NETWORKS = tuple(NETWORKS)
_NOTES = ("chip and PIN", "contactless", "e-commerce, 3-D Secure")


class Merchant(NamedTuple):
    merchant_id: int
    customer_id: int
    settlement_account_id: int
    name: str
    mcc: str
    category: str
    country: str
    currency: str
    updated_at: datetime


class Card(NamedTuple):
    card_id: int
    account_id: int
    customer_id: int
    pan_masked: str
    network: str
    status: str
    expires_on: date
    updated_at: datetime


class Authorization(NamedTuple):
    authorization_id: int
    card_id: int
    merchant_id: int
    amount: Decimal
    currency: str
    status: str
    authorization_code: str | None
    note: str
    authorized_at: datetime
    settlement_date: date | None
    updated_at: datetime


def first_merchants(bank: Bank) -> Iterator[Merchant]:
    for number in range(1, bank.size.merchants + 1):
        customer = owner(bank, number)
        mcc, category = TRADES[number % len(TRADES)]
        yield Merchant(
            number,
            customer,
            customer,
            people.firm(bank, customer),
            mcc,
            category,
            people.country(customer),
            people.currency(customer),
            joined(bank, customer),
        )


def first_cards(bank: Bank) -> Iterator[Card]:
    return (_card(bank, number, FIRST_HOUR) for number in range(1, bank.size.individuals + 1))


def new_cards(bank: Bank, hour: datetime) -> Iterator[Card]:
    return (_card(bank, number, hour) for number in newcomers(bank, hour))


def authorizations(bank: Bank, hour: datetime) -> Iterator[Authorization]:
    """Those of an hour; each tenth is declined. A few were made offline, up to 48 hours before."""
    draw = bank.draw("authorizations", hour)
    for number in range(bank.count(bank.size.authorizations, hour)):
        at, card = draw.within(hour), 1 + draw.below(bank.size.individuals)
        approved = number % 10 != 9
        late = timedelta(minutes=draw.below(48 * 60)) if draw.chance(0.02) else timedelta()
        yield Authorization(
            key(hour, number),
            card,
            1 + draw.below(bank.size.merchants),
            draw.amount(5, 250),
            people.currency(card),
            "approved" if approved else "declined",
            f"{draw.below(1_000_000):06d}" if approved else None,
            draw.of(_NOTES),
            at - late,
            hour.date() if approved else None,
            at,
        )


def owner(bank: Bank, merchant: int) -> int:
    """The business behind a merchant: the number of the customer and of the account."""
    return bank.size.individuals + merchant


def network(card: int) -> str:
    return _NETWORKS[card % len(_NETWORKS)]


def masked(bank: Bank, card: int) -> str:
    """First six and last four digits of the number that nobody here knows."""
    return f"{NETWORKS[network(card)]}******{bank.number(10_000, 'pan', card):04d}"


def _card(bank: Bank, number: int, since: datetime) -> Card:
    expires = date(since.year + 4, 1 + number % 12, 1)
    return Card(number, number, number, masked(bank, number), network(number), "active", expires, since)
