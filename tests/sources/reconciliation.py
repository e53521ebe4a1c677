"""Compares the feeds with the core database, as the reconciliation will: sums by what both sides have."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

from local.sources.database import Connection
from tests.sources.feed_rules import Files, day, of, settlement, table

Sums = dict[tuple[Any, ...], Decimal]


def differences(files: Files, connection: Connection) -> set[str]:
    """Names of the comparisons that find a difference; the connection sees no other days than the files."""
    statements = _entries(files)
    compared = {
        "settlement = authorisations": (_settled(files), _core(connection, "card_authorizations")),
        "payouts = sales": (_gross(files), _core(connection, "transactions")),
        "statements = settlement": (
            {key: total for key, total in statements.items() if key[1] in ("VISA", "MASTERCARD")},
            {key: -total for key, total in _by_scheme(files).items()},
        ),
        "statements = payouts": (
            {key: total for key, total in statements.items() if key[1] == "PO"},
            _net(files),
        ),
    }
    return {name for name, (one, other) in compared.items() if one != other}


def _core(connection: Connection, name: str) -> Sums:
    query = {
        "card_authorizations": "SELECT settlement_date::text, authorization_id::text, amount"
        " FROM core.card_authorizations WHERE status <> 'declined'",
        "transactions": "SELECT booked_on::text, merchant_id::text, sum(amount)"
        " FROM core.transactions WHERE kind = 'merchant_sale' GROUP BY 1, 2",
    }[name]
    return {tuple(key): amount for *key, amount in connection.execute(query.encode())}


def _settled(files: Files) -> Sums:
    return {(row[6], row[0]): Decimal(row[4]) for _, body, _ in settlement(files) for row in body}


def _by_scheme(files: Files) -> Sums:
    sums: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for key, body, _ in settlement(files):
        for row in body:
            sums[day(key), key.split("/")[-1][:-4].upper(), row[5]] += Decimal(row[4])
    return dict(sums)


def _payouts(files: Files, amount: str) -> dict[tuple[str, str, str], Decimal]:
    return {
        (day(key), str(row["merchant_id"]), row["currency"]): Decimal(row[amount])
        for key, content in of(files, "processor_payouts")
        for row in json.loads(content)["payouts"]
        if amount in row
    }


def _gross(files: Files) -> Sums:
    return {key[:2]: total for key, total in _payouts(files, "gross").items()}


def _net(files: Files) -> Sums:
    sums: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for (when, _, currency), net in _payouts(files, "net").items():
        sums[when, "PO", currency] += net
    return dict(sums)


def _entries(files: Files) -> Sums:
    sums: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for key, content in of(files, "bank_statements"):
        for row in table(content):
            sums[day(key), row["reference"].split("-")[0], row["currency"]] += Decimal(row["amount"])
    return dict(sums)
