"""What happens to rows that are there: the only way in which an hour touches what came before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.sources import people
from local.sources.accounts import savings
from local.sources.bank import Bank, key
from local.sources.customers import OPENING_HOUR, RISKS, newcomers
from local.sources.times import DAY, FIRST_HOUR, HOUR, slot
from local.sources.transactions import PENDING_HOURS, first_status


@dataclass(frozen=True)
class Change:
    """Set `column` and updated_at of the rows with these keys. Rows that are not there stay away."""

    table: str
    key: str
    column: str
    value: str
    rows: tuple[tuple[int, datetime], ...]
    before: str | None = None
    """Only rows that still have this value."""


def changes(bank: Bank, hour: datetime) -> Iterator[Change]:
    """Those of an hour, in order: an address, a risk, and what the hours before left pending."""
    at = hour + timedelta(minutes=30)
    customer = 1 + bank.number(bank.customers, "moves", slot(hour))
    line1 = people.street(bank, hour)
    yield Change("core.addresses", "customer_id", "line1", line1, ((customer, at),))
    risk = RISKS[slot(hour) % len(RISKS)]
    yield Change("core.customers", "customer_id", "risk_rating", risk, ((customer, at),))
    yield _captured(bank, hour)
    yield _posted(bank, hour)
    if hour.hour == OPENING_HOUR and hour - DAY >= FIRST_HOUR:
        known = tuple((number, at) for number in newcomers(bank, hour - DAY))
        yield Change("core.kyc_status", "customer_id", "status", "verified", known)
    if hour.hour == OPENING_HOUR + 1:
        account = savings(bank)[bank.number(len(savings(bank)), "sleeps", slot(hour))]
        yield Change("core.accounts", "account_id", "status", "dormant", ((account, at),))
        card = 1 + bank.number(bank.size.individuals, "blocked", slot(hour))
        yield Change("core.cards", "card_id", "status", "blocked", ((card, at),))


def _captured(bank: Bank, hour: datetime) -> Change:
    """Each fourth authorisation of the hour before, never the first."""
    before, at = hour - HOUR, hour + timedelta(minutes=10)
    known = range(1, bank.count(bank.size.authorizations, before), 4) if before >= FIRST_HOUR else ()
    rows = tuple((key(before, number), at) for number in known)
    return Change("core.card_authorizations", "authorization_id", "status", "captured", rows, "approved")


def _posted(bank: Bank, hour: datetime) -> Change:
    rows = []
    for lag in range(1, PENDING_HOURS + 1):
        before = hour - lag * HOUR
        if before >= FIRST_HOUR:
            # Each number waits for an hour of its own; those that no row has change nothing.
            due = range(lag - 1, _most(bank, before), PENDING_HOURS)
            pending = (n for n in due if first_status(n) == "pending")
            rows += [(key(before, n), hour + timedelta(seconds=n % 3600)) for n in pending]
    return Change("core.transactions", "transaction_id", "status", "posted", tuple(sorted(rows)), "pending")


def _most(bank: Bank, hour: datetime) -> int:
    """A number that no transaction of the hour has, nor any later one."""
    size = bank.size
    parts = (size.authorizations, size.instructions, size.instructions, size.sales, size.deposits, size.fees)
    return sum(bank.count(rate, hour) for rate in parts)
