"""What customers order to be paid, and the transfers between two accounts of ours that follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from local.sources import people
from local.sources.accounts import saver, savings
from local.sources.bank import Bank, key
from local.sources.times import slot

ROUTING = "09100001"
"""The first eight digits of the bank's routing number, with which its ACH trace numbers begin."""
_SCHEMES = ("internal", "ach", "wire")


class Instruction(NamedTuple):
    instruction_id: int
    debtor_account_id: int
    creditor_account_id: int | None
    creditor_name: str
    scheme: str
    amount: Decimal
    currency: str
    trace_number: str | None
    status: str
    requested_at: datetime
    updated_at: datetime


class Transfer(NamedTuple):
    transfer_id: int
    instruction_id: int
    debit_transaction_id: int
    credit_transaction_id: int
    amount: Decimal
    currency: str
    executed_at: datetime
    updated_at: datetime


def instructions(bank: Bank, hour: datetime) -> Iterator[Instruction]:
    """Those of an hour. Internal ones go to the customer's own savings, the others elsewhere."""
    draw = bank.draw("instructions", hour)
    for number in range(bank.count(bank.size.instructions, hour)):
        # Every third, whatever the hour, so that a small bank has all schemes each day.
        scheme = _SCHEMES[(slot(hour) + number) % len(_SCHEMES)]
        at, internal = draw.within(hour), scheme == "internal"
        account = draw.of(savings(bank)) if internal else None
        debtor = saver(bank, account) if account else 1 + draw.below(bank.size.individuals)
        yield Instruction(
            key(hour, number),
            debtor,
            account,
            people.name(bank, debtor if internal else f"creditor {draw.below(1000)}"),
            scheme,
            draw.amount(20, 900),
            people.currency(debtor),
            f"{ROUTING}{_sequence(hour, number):07d}" if scheme == "ach" else None,
            "executed",
            at,
            at,
        )


def _sequence(hour: datetime, number: int) -> int:
    """Seven digits, as NACHA has it: after a week they come again."""
    return slot(hour) % 168 * 59_000 + number


def transfers(bank: Bank, hour: datetime) -> Iterator[Transfer]:
    """One for each internal instruction."""
    for order in instructions(bank, hour):
        if order.scheme == "internal":
            debit, credit = legs(bank, hour, order)
            yield Transfer(
                order.instruction_id,
                order.instruction_id,
                debit,
                credit,
                order.amount,
                order.currency,
                order.requested_at,
                order.updated_at,
            )


def legs(bank: Bank, hour: datetime, order: Instruction) -> tuple[int, int]:
    """The transactions of an instruction: the payer's, and the payee's (only where we have that account)."""
    first = bank.count(bank.size.authorizations, hour) + 2 * (order.instruction_id % 1_000_000)
    return key(hour, first), key(hour, first + 1)
