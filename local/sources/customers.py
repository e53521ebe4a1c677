"""Customers with their addresses and checks: most from the beginning, a few more each morning at nine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from local.sources import people
from local.sources.bank import Bank, key
from local.sources.times import FIRST_HOUR

OPENING_HOUR = 9
RISKS = ("low", "low", "medium", "high")
_SEGMENTS = ("mass", "mass", "affluent", "private")


class Customer(NamedTuple):
    customer_id: int
    customer_type: str
    full_name: str
    date_of_birth: date | None
    email: str
    phone: str
    tax_id_masked: str
    country: str
    segment: str
    risk_rating: str
    created_at: datetime
    updated_at: datetime


class Address(NamedTuple):
    address_id: int
    customer_id: int
    kind: str
    line1: str
    city: str
    postal_code: str
    country: str
    valid_from: date
    updated_at: datetime


class Kyc(NamedTuple):
    customer_id: int
    status: str
    level: str
    next_review_on: date
    updated_at: datetime


def first_customers(bank: Bank) -> Iterator[Customer]:
    return (_customer(bank, number, joined(bank, number)) for number in range(1, bank.customers + 1))


def first_addresses(bank: Bank) -> Iterator[Address]:
    return (_address(bank, number, joined(bank, number)) for number in range(1, bank.customers + 1))


def first_checks(bank: Bank) -> Iterator[Kyc]:
    return (_check(number, "verified", joined(bank, number)) for number in range(1, bank.customers + 1))


def new_customers(bank: Bank, hour: datetime) -> Iterator[Customer]:
    return (_customer(bank, number, hour) for number in newcomers(bank, hour))


def new_addresses(bank: Bank, hour: datetime) -> Iterator[Address]:
    return (_address(bank, number, hour) for number in newcomers(bank, hour))


def new_checks(bank: Bank, hour: datetime) -> Iterator[Kyc]:
    return (_check(number, "pending", hour) for number in newcomers(bank, hour))


def newcomers(bank: Bank, hour: datetime) -> list[int]:
    """The numbers of those who become customers in an hour. They have not bought anything yet."""
    how_many = max(1, bank.size.individuals // 1000) if hour.hour == OPENING_HOUR else 0
    return [key(hour, number) for number in range(how_many)]


def is_business(bank: Bank, customer: int) -> bool:
    return bank.size.individuals < customer <= bank.customers


def joined(bank: Bank, customer: int) -> datetime:
    """When one of the first customers came: two to four years before the first hour."""
    return FIRST_HOUR - timedelta(days=700, hours=bank.number(700 * 24, "joined", customer))


def _customer(bank: Bank, number: int, since: datetime) -> Customer:
    business = is_business(bank, number)
    full = people.firm(bank, number) if business else people.name(bank, number)
    born = None if business else date(1950, 1, 1) + timedelta(days=bank.number(19_000, "born", number))
    return Customer(
        number,
        "business" if business else "individual",
        full,
        born,
        f"{full.replace(' ', '.').lower()}.{number}@example.com",
        f"+1555{bank.number(10_000_000, 'phone', number):07d}",
        f"*****{bank.number(10_000, 'tax', number):04d}",
        people.country(number),
        "business" if business else _SEGMENTS[number % len(_SEGMENTS)],
        RISKS[number % len(RISKS)],
        since,
        since,
    )


def _address(bank: Bank, number: int, since: datetime) -> Address:
    return Address(
        number,
        number,
        "registered" if is_business(bank, number) else "home",
        people.street(bank, number),
        people.city(number),
        f"{10_000 + bank.number(89_999, 'postal', number)}",
        people.country(number),
        since.date(),
        since,
    )


def _check(number: int, status: str, since: datetime) -> Kyc:
    level = "enhanced" if RISKS[number % len(RISKS)] == "high" else "standard"
    return Kyc(number, status, level, since.date() + timedelta(days=1095), since)
